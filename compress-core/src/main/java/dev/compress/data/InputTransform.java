package dev.compress.data;

import dev.compress.data.Dims.Order;
import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns a field's stored value into one sample of an input: image steps, order of dims, {@code (x *
 * scale - mean) / std}, shape, type; computed in double. Immutable and thread-safe.
 */
final class InputTransform {
  /**
   * What is to be done.
   *
   * @param image the image step; empty for what is no image
   * @param stored the order of the stored dims, where there is an image step or a permutation
   * @param permutation for every dim after it the axis before it; empty: none
   * @param values the value step
   * @param channelAxis the axis of its lists, after the permutation; -1 where it has none
   * @param shape how the delivered dims follow
   */
  record Steps(
      Optional<ImageStep> image,
      Order stored,
      List<Integer> permutation,
      InputDescriptor.Values values,
      int channelAxis,
      ShapeStep shape) {
    Steps {
      permutation = List.copyOf(permutation);
    }
  }

  /**
   * The last step: how the dims are delivered.
   *
   * @param dims as delivered; -1 where unknown
   * @param axes where not all dims are known, for every one the axis it comes from, -1 for a 1;
   *     empty otherwise
   * @param fill whether values are cut at the end, or zeros added, to fit {@code dims}
   */
  record ShapeStep(List<Long> dims, List<Integer> axes, boolean fill) {
    ShapeStep {
      dims = List.copyOf(dims);
      axes = List.copyOf(axes);
    }
  }

  /** A sample ready to be copied into a batch. */
  record Prepared(Shape shape, ByteBuffer bytes) {}

  private final SourceField field;
  private final String name;
  private final ElementType type;
  private final Steps steps;

  InputTransform(SourceField field, String name, ElementType type, Steps steps) {
    this.field = field;
    this.name = name;
    this.type = type;
    this.steps = steps;
  }

  SourceField field() {
    return field;
  }

  DataInput input() {
    return new DataInput(name, type, steps.shape().dims(), false);
  }

  @Override
  public String toString() {
    return field + " -> '" + name + "' " + DataTypes.name(type) + " " + steps;
  }

  Prepared apply(RawValue raw, long index) {
    String what = "Sample " + index + " of '" + name + "'";
    Optional<ImageStep> image = steps.image();
    RawValue value = image.isPresent() ? pixels(raw, image.get(), what) : raw;
    boolean plain =
        value.type().equals(type)
            && steps.permutation().isEmpty()
            && !steps.values().affine()
            && !steps.values().nonzero()
            && !steps.shape().fill();
    if (plain) {
      return new Prepared(delivered(value.shape(), what), value.bytes());
    }
    int count = (int) value.shape().elementCount();
    double[] numbers = Numbers.toDoubles(value.type(), value.bytes(), count, what);
    long[] dims = value.shape().toArray();
    if (!steps.permutation().isEmpty()) {
      numbers = permuted(numbers, dims);
      dims = steps.permutation().stream().mapToLong(axis -> value.shape().dim(axis)).toArray();
    }
    map(numbers, dims);
    Shape shape = Shape.of(dims);
    if (steps.shape().fill()) {
      numbers = Arrays.copyOf(numbers, (int) Dims.count(steps.shape().dims()));
      shape = Shape.of(Dims.toArray(steps.shape().dims()));
    } else {
      shape = delivered(shape, what);
    }
    ByteBuffer out =
        ByteBuffer.allocate((int) type.byteSize(numbers.length)).order(ByteOrder.LITTLE_ENDIAN);
    Numbers.write(type, numbers, out, what);
    return new Prepared(shape, out.flip());
  }

  private RawValue pixels(RawValue raw, ImageStep step, String what) {
    byte[] data = new byte[raw.bytes().remaining()];
    raw.bytes().duplicate().get(data);
    Shape shape = raw.shape();
    Pixels image;
    if (steps.stored() == Order.CHW) {
      int channels = (int) shape.dim(0);
      int plane = (int) (shape.dim(1) * shape.dim(2));
      byte[] turned = new byte[data.length];
      for (int c = 0; c < channels; c++) {
        for (int p = 0; p < plane; p++) {
          turned[p * channels + c] = data[c * plane + p];
        }
      }
      image = new Pixels((int) shape.dim(1), (int) shape.dim(2), channels, turned);
    } else {
      int channels = shape.rank() == 3 ? (int) shape.dim(2) : 1;
      image = new Pixels((int) shape.dim(0), (int) shape.dim(1), channels, data);
    }
    Pixels result = step.apply(image, what);
    return new RawValue(
        ElementType.UINT8,
        Shape.of(result.height(), result.width(), result.channels()),
        ByteBuffer.wrap(result.data()).order(ByteOrder.LITTLE_ENDIAN));
  }

  /** Row-major reordering of dims. */
  private double[] permuted(double[] in, long[] dims) {
    int rank = dims.length;
    int[] strides = new int[rank];
    int stride = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= (int) dims[axis];
    }
    double[] out = new double[in.length];
    int[] index = new int[rank];
    int at = 0;
    for (int i = 0; i < out.length; i++) {
      out[i] = in[at];
      for (int k = rank - 1; k >= 0; k--) {
        int axis = steps.permutation().get(k);
        at += strides[axis];
        if (++index[k] < dims[axis]) {
          break;
        }
        at -= strides[axis] * (int) dims[axis];
        index[k] = 0;
      }
    }
    return out;
  }

  private void map(double[] numbers, long[] dims) {
    InputDescriptor.Values values = steps.values();
    if (values.affine()) {
      int axis = steps.channelAxis();
      int channels = axis < 0 ? 1 : (int) dims[axis];
      int inner = 1;
      for (int i = axis + 1; axis >= 0 && i < dims.length; i++) {
        inner *= (int) dims[i];
      }
      double[] scale = spread(values.scale(), channels, 1);
      double[] mean = spread(values.mean(), channels, 0);
      double[] std = spread(values.std(), channels, 1);
      boolean whole = DataTypes.isInteger(type);
      for (int i = 0; i < numbers.length; i++) {
        int c = i / inner % channels;
        double value = (numbers[i] * scale[c] - mean[c]) / std[c];
        numbers[i] = whole ? Math.rint(value) : value;
      }
    }
    if (values.nonzero()) {
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = numbers[i] == 0 ? 0 : 1;
      }
    }
  }

  private static double[] spread(List<Double> values, int channels, double missing) {
    double[] all = new double[channels];
    for (int c = 0; c < channels; c++) {
      all[c] = values.isEmpty() ? missing : values.get(values.size() == 1 ? 0 : c);
    }
    return all;
  }

  private Shape delivered(Shape actual, String what) {
    ShapeStep step = steps.shape();
    long[] dims = Dims.toArray(step.dims());
    for (int i = 0; i < step.axes().size(); i++) {
      int axis = step.axes().get(i);
      long size = axis < 0 ? 1 : actual.dim(axis);
      if (dims[i] >= 0 && dims[i] != size) {
        throw mismatch(actual, what, null);
      }
      dims[i] = size;
    }
    Shape shape = Shape.of(dims);
    if (shape.elementCount() != actual.elementCount()) {
      throw mismatch(actual, what, shape);
    }
    return shape;
  }

  private InvalidDataException mismatch(Shape actual, String what, @Nullable Shape made) {
    return new InvalidDataException(
        what
            + " is "
            + actual
            + ", but "
            + (made == null ? InputSpec.dimsText(steps.shape().dims()) : made.toString())
            + " is wanted. Say how to get there with resize, crop or shape in a data descriptor.");
  }
}
