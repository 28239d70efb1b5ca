package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.metric.Metric;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a data file cannot say of itself: format, preprocessing of each input, labels, metric and
 * split, read from a small YAML file. The keys are documented in {@code docs/data.md}; an unknown
 * one is an error that lists the known ones.
 */
public final class DataDescriptor {
  private static final int LARGEST_FILE = 1 << 20;

  /** A descriptor that says nothing. */
  public static final DataDescriptor NONE =
      new DataDescriptor(
          new Origin("the data descriptor", Optional.empty(), ""),
          new SourceSpec(Optional.empty(), Optional.empty(), List.of(), CsvOptions.DETECT),
          Map.of(),
          LabelSpec.NONE,
          Optional.empty(),
          Optional.empty(),
          Runs.PLAIN);

  /** How the model runs on samples, and how one score becomes a class. */
  record Runs(Optional<SequenceSpec> sequence, OptionalDouble threshold) {
    static final Runs PLAIN = new Runs(Optional.empty(), OptionalDouble.empty());
  }

  /** Where a descriptor came from, and its content in one canonical form. */
  record Origin(String where, Optional<Path> folder, String canonical) {}

  /** Which samples to use. */
  record Split(long offset, Optional<Long> count) {}

  private final Origin origin;
  private final SourceSpec source;
  private final Map<String, InputDescriptor> inputs;
  private final LabelSpec labels;
  private final Optional<Metric> metric;
  private final Optional<Split> split;
  private final Runs runs;

  DataDescriptor(
      Origin origin,
      SourceSpec source,
      Map<String, InputDescriptor> inputs,
      LabelSpec labels,
      Optional<Metric> metric,
      Optional<Split> split,
      Runs runs) {
    this.origin = origin;
    this.source = source;
    this.inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    this.labels = labels;
    this.metric = metric;
    this.split = split;
    this.runs = runs;
  }

  /**
   * Reads a descriptor file.
   *
   * @param file YAML (JSON is YAML too)
   * @return the descriptor; relative files in it are looked for beside the data, then beside it
   * @throws InvalidDataException if it is malformed or has an unknown key
   */
  public static DataDescriptor read(Path file) {
    byte[] bytes = DataFiles.readAll(file, LARGEST_FILE, "data descriptor");
    return DescriptorReader.read(
        new String(bytes, StandardCharsets.UTF_8),
        file.toString(),
        Optional.of(DataFiles.folder(file)));
  }

  /**
   * Reads a descriptor from text.
   *
   * @param yaml its text
   * @return the descriptor; relative files in it are looked for beside the data
   */
  public static DataDescriptor parse(String yaml) {
    return DescriptorReader.read(yaml, "the data descriptor", Optional.empty());
  }

  /**
   * The descriptor {@code NAME.yaml} beside a file or folder of data.
   *
   * @param data a file or folder
   * @return empty where there is none
   * @throws InvalidDataException if it is malformed
   */
  public static Optional<DataDescriptor> beside(Path data) {
    return SourceOpener.descriptorBeside(data).map(DataDescriptor::read);
  }

  /**
   * What it says of other data for the same model: the format and the inputs, without what is true
   * of one file only: which it is, its split, and the metric. Labels in a file of their own are
   * left out altogether, column and classes too: that file goes with the other data. A column of
   * the same records stays, lest it be taken for an input.
   */
  public DataDescriptor forOtherData() {
    return new DataDescriptor(
        new Origin(origin.where(), origin.folder(), origin.canonical() + "\nfor other data"),
        new SourceSpec(source.format(), Optional.empty(), source.record(), source.csv()),
        inputs,
        labels.file().isPresent() ? LabelSpec.NONE : labels,
        Optional.empty(),
        Optional.empty(),
        runs);
  }

  DataDescriptor withLabels(LabelSpec other) {
    return new DataDescriptor(origin, source, inputs, other, metric, split, runs);
  }

  String where() {
    return origin.where();
  }

  Optional<Path> folder() {
    return origin.folder();
  }

  /** The content with comments and formatting gone, for fingerprints. */
  String canonical() {
    return origin.canonical();
  }

  SourceSpec source() {
    return source;
  }

  /** By the names of the model's inputs, in file order. */
  Map<String, InputDescriptor> inputs() {
    return inputs;
  }

  LabelSpec labels() {
    return labels;
  }

  Optional<Metric> metric() {
    return metric;
  }

  Runs runs() {
    return runs;
  }

  Optional<Split> split() {
    return split;
  }
}
