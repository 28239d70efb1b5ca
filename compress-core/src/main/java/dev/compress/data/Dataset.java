package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import dev.compress.metric.Metric;
import dev.compress.tensor.Sha256;
import dev.compress.tensor.TensorBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Samples for a model: read from a file or folder as they are needed, brought to the model's
 * inputs, and given out in batches with constant memory.
 *
 * <pre>{@code
 * try (Dataset data = Dataset.open(Path.of("mnist/t10k-images-idx3-ubyte.gz"))) {
 *   Dataset bound = data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, 1, 28, 28)));
 *   for (Batch batch : bound.batches(32)) {
 *     session.run(batch.inputs());
 *   }
 * }
 * }</pre>
 *
 * <p>Immutable and thread-safe: {@link #slice}, {@link #take}, {@link #bind} and the like return
 * views that share the files, and every iterator of {@link #batches} reads for itself. Close what
 * was opened; views need not be closed and are unusable afterwards.
 */
public final class Dataset implements AutoCloseable {
  private final DataContent content;
  private final Selection selection;
  private final List<InputTransform> inputs;
  private final List<ConstantInput> constants;
  private final BatchIterator.Frame frame;
  private final List<String> notes;

  private Dataset(
      DataContent content,
      Selection selection,
      List<InputTransform> inputs,
      List<ConstantInput> constants,
      BatchIterator.Frame frame,
      List<String> notes) {
    this.content = content;
    this.selection = selection;
    this.inputs = List.copyOf(inputs);
    this.constants = List.copyOf(constants);
    this.frame = frame;
    this.notes = List.copyOf(notes);
  }

  /**
   * Opens a file or folder, with the descriptor {@code NAME.yaml} beside it if there is one.
   *
   * @param path IDX files, {@code .npz}, {@code .npy}, class folders of images or WAV files, CSV,
   *     JSON lines or raw records
   * @return the dataset; to be closed
   * @throws InvalidDataException if it is malformed, ambiguous, empty or not recognised
   * @throws ReadWriteException if it cannot be read
   */
  public static Dataset open(Path path) {
    return open(path, DataDescriptor.beside(path).orElse(DataDescriptor.NONE));
  }

  /**
   * Opens a file or folder with a descriptor.
   *
   * @param path as in {@link #open(Path)}
   * @param descriptor says what the file cannot
   */
  public static Dataset open(Path path, DataDescriptor descriptor) {
    DataContent content = DataContent.open(path, descriptor);
    try {
      return whole(content);
    } catch (RuntimeException e) {
      content.source().close();
      throw e;
    }
  }

  private static Dataset whole(DataContent content) {
    DataDescriptor descriptor = content.descriptor();
    List<InputTransform> inputs = new ArrayList<>();
    List<ConstantInput> constants = new ArrayList<>();
    if (descriptor.inputs().isEmpty()) {
      for (SourceField field : content.source().fields()) {
        inputs.add(InputPlanner.plan(field, field.name(), InputDescriptor.NONE));
      }
    }
    descriptor
        .inputs()
        .forEach(
            (name, options) ->
                options
                    .values()
                    .constant()
                    .ifPresentOrElse(
                        value -> constants.add(ConstantInput.of(name, options, value)),
                        () ->
                            inputs.add(
                                InputPlanner.plan(
                                    Binding.field(content.source(), descriptor, name),
                                    name,
                                    options))));
    Selection selection = Selection.all(content.source().count());
    if (descriptor.split().isPresent()) {
      DataDescriptor.Split split = descriptor.split().get();
      selection =
          selection.slice(split.offset(), split.count().orElse(selection.count() - split.offset()));
    }
    return new Dataset(
        content, selection, inputs, constants, BatchIterator.Frame.FREE, content.source().notes());
  }

  /**
   * A dataset of tensors in memory.
   *
   * @param name its name
   * @param inputs by input name; dim 0 of each counts samples; not to be changed afterwards
   * @param labels the class id of every sample; empty: none
   * @param descriptor metric, classes, scaling and the like
   * @throws InvalidDataException if counts differ
   */
  public static Dataset of(
      String name, Map<String, TensorBuffer> inputs, long[] labels, DataDescriptor descriptor) {
    return whole(DataContent.of(name, inputs, labels, descriptor));
  }

  /** The name of the file or folder. */
  public String name() {
    return content.name();
  }

  /** Where it was read from; empty for one in memory. */
  public Optional<Path> path() {
    return content.path();
  }

  /** How many samples this view has. */
  public long sampleCount() {
    return selection.count();
  }

  /** The inputs that batches will hold. */
  public List<DataInput> inputs() {
    List<DataInput> all = new ArrayList<>();
    inputs.forEach(i -> all.add(i.input()));
    constants.forEach(c -> all.add(c.input()));
    return List.copyOf(all);
  }

  /** What the labels are. */
  public LabelKind labelKind() {
    return content.labels() == null ? LabelKind.NONE : content.labels().kind();
  }

  /** The names of the classes by id; empty where they have none. */
  public List<String> classNames() {
    return content.labels() == null ? List.of() : content.labels().classes();
  }

  /**
   * The metric: as the descriptor says, else {@link Metric#TOP1} for class labels and {@link
   * Metric#MSE} for target values; empty without labels.
   */
  public Optional<Metric> metric() {
    return content.metric();
  }

  /**
   * What a user should know about how the data was understood, for a report's warnings: pixels that
   * are not scaled, dims that were turned, images that were cut.
   */
  public List<String> notes() {
    return notes;
  }

  /**
   * The SHA-256 of what was read, in hexadecimal, whatever part of it this view is: of a single
   * file its own, of several that of their {@code sha256sum} lines. Streamed when first asked for.
   */
  public String contentSha256() {
    return content.sha256();
  }

  /**
   * A SHA-256 that is the same for the same content, descriptor, selection and binding, and so for
   * the same batches: a key for caches.
   */
  public String fingerprint() {
    MessageDigest digest = Sha256.digest();
    List<String> parts = new ArrayList<>();
    parts.add(contentSha256());
    parts.add(content.descriptor().canonical());
    inputs.forEach(i -> parts.add(i.toString()));
    constants.forEach(c -> parts.add(c.toString()));
    parts.add(frame.toString());
    for (String part : parts) {
      digest.update(part.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
    digest.update(selection.identity());
    return Sha256.hex(digest);
  }

  /**
   * Consecutive samples.
   *
   * @param offset the first
   * @param count how many
   * @throws InvalidDataException if there are not as many
   */
  public Dataset slice(long offset, long count) {
    return view(selection.slice(offset, count));
  }

  /**
   * The first samples, or all where there are fewer.
   *
   * @param count at least 1
   */
  public Dataset take(long count) {
    return view(selection.slice(0, Math.min(positive(count), sampleCount())));
  }

  /**
   * Samples at equal distances, in order, or all where there are fewer.
   *
   * @param count at least 1
   */
  public Dataset spread(long count) {
    return view(selection.spread(positive(count)));
  }

  /**
   * Samples for calibration: the first {@code count}, as Python's tools take them, unless the
   * samples are sorted by class, as class folders are; then {@code count} at equal distances, for
   * the first ones would show one class only.
   *
   * @param count at least 1
   */
  public Dataset representative(long count) {
    Labels labels = content.labels();
    boolean sorted = labels != null && labels.kind() == LabelKind.CLASS && labels.grouped();
    return sorted ? spread(count) : take(count);
  }

  /**
   * All samples in another order, the same for the same seed.
   *
   * @param seed any number
   */
  public Dataset shuffled(long seed) {
    return view(selection.shuffled(seed));
  }

  /**
   * Some samples, in a given order.
   *
   * @param positions of samples of this view, at least one; one may come more than once
   * @throws IndexOutOfBoundsException if there is no such sample
   */
  public Dataset pick(int[] positions) {
    positive(positions.length);
    return view(selection.pick(positions));
  }

  private static long positive(long count) {
    if (count < 1) {
      throw new IllegalArgumentException("At least one sample is needed, not " + count);
    }
    return count;
  }

  private Dataset view(Selection other) {
    return new Dataset(content, other, inputs, constants, frame, notes);
  }

  /**
   * Brings the data to a model's inputs: by name, or by position where there is one of each. Where
   * the descriptor leaves it open, 1-dims are added or removed, channels are turned first or last,
   * images are resized, and integers become floats. A batch that the model fixes is kept to.
   *
   * @param modelInputs the inputs that the model needs
   * @return a view that delivers just these
   * @throws InvalidDataException if an input has no data or data that does not fit; the message
   *     names both sides
   */
  public Dataset bind(Collection<InputSpec> modelInputs) {
    return bind(modelInputs, List.of(), List.of());
  }

  Dataset bind(
      Collection<InputSpec> modelInputs, List<ConstantInput> beginnings, List<String> noted) {
    List<ConstantInput> fixed = new ArrayList<>(constants);
    fixed.addAll(beginnings);
    Binding.Bound bound =
        new Binding(content.source(), content.descriptor(), fixed, name()).bind(modelInputs);
    List<String> all = new ArrayList<>(notes);
    noted.stream().filter(n -> !all.contains(n)).forEach(all::add);
    bound.notes().stream().filter(n -> !all.contains(n)).forEach(all::add);
    return new Dataset(content, selection, bound.inputs(), bound.constants(), bound.frame(), all);
  }

  /**
   * Brings the data to a model, recurrent ones included: where the descriptor says {@code
   * sequence}, samples are sequences, and states are fed back.
   *
   * @param modelInputs the inputs that the model needs
   * @param modelOutputs its tensor outputs
   * @throws InvalidDataException as {@link #bind}; also if it is not plain what is fed back
   */
  public SampleRun run(Collection<InputSpec> modelInputs, Collection<InputSpec> modelOutputs) {
    Optional<SequenceSpec> sequence = content.descriptor().runs().sequence();
    return sequence.isEmpty()
        ? SampleRun.plain(bind(modelInputs))
        : SampleRun.of(this, sequence.get(), constantNames(), modelInputs, modelOutputs);
  }

  /** Whether its samples are sequences that a recurrent model is run along, window by window. */
  public boolean holdsSequences() {
    return content.descriptor().runs().sequence().isPresent();
  }

  private Set<String> constantNames() {
    return constants.stream().map(ConstantInput::name).collect(Collectors.toSet());
  }

  /** Over which one score a sample means class 1; empty: scores are one a class. */
  public OptionalDouble threshold() {
    return content.descriptor().runs().threshold();
  }

  /** The batch size that a bound model fixes; 0 where it may be any, or nothing is bound. */
  public int fixedBatch() {
    return frame.fixedRows();
  }

  /**
   * The samples in batches. Each call of {@code iterator()} starts anew and reads for itself, for
   * one thread; the tensors of a batch are overwritten when the next one is asked for.
   *
   * @param batchSize samples a batch; ignored where the bound model fixes it. Fewer in the last
   *     batch, and where the next sample has other dims
   */
  public Iterable<Batch> batches(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("A batch of " + batchSize);
    }
    int rows = frame.fixedRows() > 0 ? frame.fixedRows() : batchSize;
    BatchIterator.Plan plan =
        new BatchIterator.Plan(
            content.source(), selection, inputs, constants, content.labels(), rows, frame);
    return () -> new BatchIterator(plan);
  }

  /**
   * Checks that every class label is a class of a model.
   *
   * @param classes how many classes the model's output has
   * @param output names that output in the error
   * @throws InvalidDataException if one is not
   */
  public void requireLabelsBelow(long classes, String output) {
    Labels labels = content.labels();
    if (labels == null || labels.kind() != LabelKind.CLASS) {
      return;
    }
    for (long i = 0; i < selection.count(); i++) {
      long label = labels.id(selection.at(i));
      if (label >= classes) {
        throw new InvalidDataException(
            "Label "
                + label
                + " of sample "
                + selection.at(i)
                + " of "
                + name()
                + " is out of range: the model's output '"
                + output
                + "' has "
                + classes
                + " classes, 0 to "
                + (classes - 1)
                + ". Is it the right dataset for this model?");
      }
    }
  }

  /** How many samples of this view each class has, by id; empty without class labels. */
  public Map<Long, Long> labelCounts() {
    Labels labels = content.labels();
    Map<Long, Long> counts = new TreeMap<>();
    if (labels != null && labels.kind() == LabelKind.CLASS) {
      for (long i = 0; i < selection.count(); i++) {
        counts.merge(labels.id(selection.at(i)), 1L, Long::sum);
      }
    }
    return counts;
  }

  /** One line for people: name, samples, inputs and labels. */
  @Override
  public String toString() {
    String labels =
        switch (labelKind()) {
          case NONE -> "no labels";
          case CLASS -> "class labels";
          case VALUE -> "target values";
        };
    return name() + ": " + sampleCount() + " samples, " + inputs() + ", " + labels;
  }

  /** Releases what was inflated. Idempotent. */
  @Override
  public void close() {
    content.source().close();
  }
}
