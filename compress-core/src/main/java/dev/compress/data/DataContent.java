package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.metric.Metric;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What all views of a dataset have in common: samples, labels, metric and what they came from. */
final class DataContent {
  private final String name;
  private final Optional<Path> path;
  private final SampleSource source;
  private final DataDescriptor descriptor;
  private final @Nullable Labels labels;
  private final Optional<Metric> metric;
  private final List<Path> files;
  private @Nullable String sha256;

  private DataContent(
      String name,
      Optional<Path> path,
      SampleSource source,
      DataDescriptor descriptor,
      @Nullable Labels labels,
      List<Path> files) {
    this.name = name;
    this.path = path;
    this.source = source;
    this.descriptor = descriptor;
    this.files = List.copyOf(files);
    if (labels != null && labels.count() != source.count()) {
      throw new InvalidDataException(
          path.map(Path::toString).orElse(name)
              + " has "
              + source.count()
              + " samples, its labels are "
              + labels.count()
              + ". Both must be equal: do they belong together?");
    }
    this.labels = labels == null ? null : fitted(labels, descriptor);
    this.metric = metric(descriptor, this.labels);
  }

  /** Opens samples and their labels; closes the samples again if the labels do not fit. */
  static DataContent open(Path path, DataDescriptor given) {
    SourceOpener.Opened opened = SourceOpener.open(path, given);
    SampleSource source = opened.source();
    DataDescriptor descriptor = opened.descriptor();
    try {
      List<Path> files = new ArrayList<>(source.files());
      LabelSpec spec = descriptor.labels();
      Labels labels = source.labels().orElse(null);
      if (spec.file().isPresent()) {
        Path folder = DataFiles.folder(opened.path());
        Path file = LabelFiles.find(spec.file().get(), folder, descriptor.folder());
        labels = LabelFiles.read(file, spec, source.count());
        files.add(file);
      } else if (labels != null) {
        labels = labels.named(spec.classes(), descriptor.where());
      }
      return new DataContent(
          DataFiles.name(path), Optional.of(opened.path()), source, descriptor, labels, files);
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  /** Tensors in memory. */
  static DataContent of(
      String name, Map<String, TensorBuffer> inputs, long[] ids, DataDescriptor descriptor) {
    SampleSource source = MemorySource.of(name, inputs);
    Labels labels =
        ids.length == 0 ? null : Labels.ofIds(ids.clone(), descriptor.labels().classes(), name);
    DataContent content =
        new DataContent(name, Optional.empty(), source, descriptor, labels, List.of());
    content.sha256 = MemorySource.sha256(inputs, ids);
    return content;
  }

  /** The labels as ids or as values, whichever the metric compares with. */
  private static Labels fitted(Labels labels, DataDescriptor descriptor) {
    Optional<Metric.Needs> needs = descriptor.metric().map(Metric::needs);
    if (needs.equals(Optional.of(Metric.Needs.TARGET_VALUES))) {
      return labels.asValues();
    }
    if (needs.equals(Optional.of(Metric.Needs.CLASS_LABELS))) {
      return labels.asClasses().named(descriptor.labels().classes(), descriptor.where());
    }
    return labels;
  }

  private static Optional<Metric> metric(DataDescriptor descriptor, @Nullable Labels labels) {
    if (descriptor.metric().isPresent()) {
      Metric.Needs needs = descriptor.metric().get().needs();
      boolean classes = labels != null && labels.kind() == LabelKind.CLASS;
      if ((needs == Metric.Needs.CLASS_LABELS && !classes)
          || (needs == Metric.Needs.TARGET_VALUES && labels == null)) {
        throw new InvalidDataException(
            descriptor.where()
                + ": metric "
                + descriptor.metric().get()
                + (labels == null
                    ? " needs labels, and the dataset has none."
                    : " needs class ids, but the labels are numbers with fractions.")
                + " Correct metric or labels.");
      }
      return descriptor.metric();
    }
    if (labels == null) {
      return Optional.empty();
    }
    return Optional.of(labels.kind() == LabelKind.CLASS ? Metric.TOP1 : Metric.MSE);
  }

  String name() {
    return name;
  }

  Optional<Path> path() {
    return path;
  }

  SampleSource source() {
    return source;
  }

  DataDescriptor descriptor() {
    return descriptor;
  }

  @Nullable Labels labels() {
    return labels;
  }

  Optional<Metric> metric() {
    return metric;
  }

  synchronized String sha256() {
    if (sha256 == null) {
      sha256 = ContentHash.of(files, path.orElse(Path.of("")));
    }
    return sha256;
  }
}
