package dev.compress.data;

import dev.compress.data.SourceSpec.RecordField;
import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Files of records of fixed size without a header, little-endian, as a descriptor lays them out.
 */
final class RawRecords {
  private RawRecords() {}

  static SampleSource open(Path file, DataDescriptor descriptor) {
    List<RecordField> record = record(file, descriptor);
    long size = 0;
    for (RecordField field : record) {
      size += ArraySource.sampleBytes(field.type(), field.dims(), descriptor.where());
    }
    ByteSource content = DataFiles.open(file);
    long bytes = content.size();
    if (size == 0 || bytes % size != 0 || bytes == 0) {
      throw new InvalidDataException(
          file
              + " has "
              + bytes
              + " bytes, which is no whole number of records of "
              + size
              + " bytes ("
              + shown(record)
              + "). Correct the record in "
              + descriptor.where()
              + ", or download the file again.");
    }
    List<ArraySource.Column> fields = new ArrayList<>();
    List<ArraySource.Column> labels = new ArrayList<>();
    long offset = 0;
    for (RecordField field : record) {
      SourceField sourceField =
          new SourceField(field.name(), SourceField.Kind.ARRAY, field.type(), field.dims());
      (isLabel(field, descriptor) ? labels : fields)
          .add(new ArraySource.Column(sourceField, content, offset, size, false));
      offset += ArraySource.sampleBytes(field.type(), field.dims(), descriptor.where());
    }
    LabelSpec spec = descriptor.labels();
    if (labels.isEmpty() && spec.column().isPresent() && spec.file().isEmpty()) {
      throw new InvalidDataException(
          descriptor.where()
              + ": labels: the record has no field '"
              + spec.column().get()
              + "', only "
              + shown(record)
              + ".");
    }
    if (fields.isEmpty()) {
      throw new InvalidDataException(
          descriptor.where()
              + ": the record has no field for an input, only "
              + shown(record)
              + ".");
    }
    long count = bytes / size;
    Optional<Labels> read =
        labels.isEmpty()
            ? Optional.empty()
            : Optional.of(
                LabelFiles.fromSource(
                    new ArraySource(count, labels, Optional.empty(), List.of(), List.of()),
                    file + " field '" + labels.get(0).field().name() + "'"));
    return new ArraySource(count, fields, read, List.of(), List.of(file));
  }

  private static boolean isLabel(RecordField field, DataDescriptor descriptor) {
    return descriptor
        .labels()
        .column()
        .filter(column -> descriptor.labels().file().isEmpty())
        .map(field.name()::equals)
        .orElse(CsvTable.isLabelName(field.name()));
  }

  /** The record as described; without one, the only input's dtype and shape are the record. */
  private static List<RecordField> record(Path file, DataDescriptor descriptor) {
    if (!descriptor.source().record().isEmpty()) {
      return descriptor.source().record();
    }
    List<Map.Entry<String, InputDescriptor>> inputs =
        descriptor.inputs().entrySet().stream()
            .filter(e -> e.getValue().values().constant().isEmpty())
            .toList();
    if (inputs.size() == 1) {
      InputDescriptor input = inputs.get(0).getValue();
      if (input.dtype().isPresent() && input.shape().isPresent()) {
        return List.of(
            new RecordField(inputs.get(0).getKey(), input.dtype().get(), input.shape().get()));
      }
    }
    throw new InvalidDataException(
        file
            + " has no header, so "
            + descriptor.where()
            + " must lay out its records: record: {label: uint8, x: {dtype: uint8, shape: [3, 32, 32]}}.");
  }

  private static String shown(List<RecordField> record) {
    return record.stream()
        .map(f -> f.name() + " " + DataTypes.name(f.type()) + InputSpec.dimsText(f.dims()))
        .reduce((a, b) -> a + ", " + b)
        .orElse("nothing");
  }
}
