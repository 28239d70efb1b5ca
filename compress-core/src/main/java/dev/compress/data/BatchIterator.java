package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Reads samples, prepares them and packs them into batches, in buffers that are used again. A batch
 * ends early where the next sample has other dims.
 */
final class BatchIterator implements Iterator<Batch> {
  private final Plan plan;
  private final SampleSource.Cursor cursor;
  private final List<ByteBuffer> buffers = new ArrayList<>();
  private long next;

  /**
   * What to deliver.
   *
   * @param source where samples come from
   * @param selection which
   * @param inputs how each input is made
   * @param constants inputs that are no data
   * @param labels theirs
   * @param rows samples a batch
   * @param frame what the model's batch looks like
   */
  record Plan(
      SampleSource source,
      Selection selection,
      List<InputTransform> inputs,
      List<ConstantInput> constants,
      @Nullable Labels labels,
      int rows,
      Frame frame) {}

  /**
   * What a model's batch looks like.
   *
   * @param fixedRows the batch size that the model fixes; 0: any
   * @param batchDim whether tensors begin with a batch dim
   */
  record Frame(int fixedRows, boolean batchDim) {
    static final Frame FREE = new Frame(0, true);
  }

  BatchIterator(Plan plan) {
    this.plan = plan;
    this.cursor = plan.source().cursor();
    for (int i = 0; i < plan.inputs().size(); i++) {
      buffers.add(ByteBuffer.allocateDirect(0));
    }
  }

  @Override
  public boolean hasNext() {
    return next < plan.selection().count();
  }

  @Override
  public Batch next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    long first = next;
    int most = (int) Math.min(plan.rows(), plan.selection().count() - first);
    List<Shape> shapes = new ArrayList<>();
    int count = 0;
    while (count < most && add(first + count, count, shapes)) {
      count++;
    }
    next = first + count;
    int fixed = plan.frame().fixedRows();
    int rows = Math.max(fixed, count);
    Map<String, TensorBuffer> tensors = new LinkedHashMap<>();
    for (int i = 0; i < shapes.size(); i++) {
      tensors.put(plan.inputs().get(i).input().name(), tensor(i, shapes.get(i), count, rows));
    }
    for (ConstantInput constant : plan.constants()) {
      tensors.put(constant.name(), constant.tensor(rows));
    }
    return new Batch(tensors, first, count, rows, ids(first, count), targets(first, count));
  }

  /** Adds a sample to the buffers; false where its dims are not those of the batch. */
  private boolean add(long index, int row, List<Shape> shapes) {
    long stored = plan.selection().at(index);
    for (int i = 0; i < plan.inputs().size(); i++) {
      InputTransform input = plan.inputs().get(i);
      InputTransform.Prepared sample = input.apply(cursor.read(input.field(), stored), stored);
      if (row == 0) {
        shapes.add(sample.shape());
      } else if (!sample.shape().equals(shapes.get(i))) {
        return false;
      }
      // Stored at once: the cursor's next read may overwrite the bytes.
      store(i, row, sample);
    }
    return true;
  }

  private void store(int input, int row, InputTransform.Prepared sample) {
    int size = sample.bytes().remaining();
    long most = Math.max(plan.frame().fixedRows(), Math.min(plan.rows(), plan.selection().count()));
    long wanted = most * size;
    if (wanted > Integer.MAX_VALUE) {
      throw new InvalidDataException(
          "A batch of "
              + most
              + " samples of '"
              + plan.inputs().get(input).input().name()
              + "', "
              + size
              + " bytes each, passes 2 GiB. Use a smaller batch.");
    }
    ByteBuffer buffer = buffers.get(input);
    if (row == 0 && buffer.capacity() < wanted) {
      buffer = ByteBuffer.allocateDirect((int) wanted);
      buffers.set(input, buffer);
    }
    buffer.clear().position(row * size);
    buffer.put(sample.bytes().duplicate());
  }

  private TensorBuffer tensor(int input, Shape sample, int count, int rows) {
    InputTransform transform = plan.inputs().get(input);
    int size = (int) transform.input().type().byteSize(sample.elementCount());
    ByteBuffer buffer = buffers.get(input).clear();
    for (int row = count; row < rows; row++) {
      // Padding repeats the last sample: what the model saw last cannot upset it.
      buffer.put(row * size, buffer, (count - 1) * size, size);
    }
    buffer.position(0).limit(rows * size);
    long[] dims = sample.toArray();
    if (plan.frame().batchDim()) {
      long[] batched = new long[dims.length + 1];
      batched[0] = rows;
      System.arraycopy(dims, 0, batched, 1, dims.length);
      dims = batched;
    }
    return TensorBuffer.wrap(transform.input().type(), Shape.of(dims), buffer.slice());
  }

  private long[] ids(long first, int count) {
    Labels labels = plan.labels();
    if (labels == null || labels.kind() != LabelKind.CLASS) {
      return new long[0];
    }
    long[] ids = new long[count];
    for (int i = 0; i < count; i++) {
      ids[i] = labels.id(plan.selection().at(first + i));
    }
    return ids;
  }

  private float[] targets(long first, int count) {
    Labels labels = plan.labels();
    if (labels == null || labels.kind() != LabelKind.VALUE) {
      return new float[0];
    }
    float[] targets = new float[count * labels.width()];
    for (int i = 0; i < count; i++) {
      labels.values(plan.selection().at(first + i), targets, i * labels.width());
    }
    return targets;
  }
}
