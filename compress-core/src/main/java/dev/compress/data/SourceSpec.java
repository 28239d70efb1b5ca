package dev.compress.data;

import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Optional;

/**
 * What a descriptor says of the stored form.
 *
 * @param format the kind of file
 * @param file the file, or the start of its name, within a folder that holds several
 * @param record the fields of a raw record in file order
 * @param csv how separated text is understood
 */
record SourceSpec(
    Optional<DataFormat> format, Optional<String> file, List<RecordField> record, CsvOptions csv) {
  SourceSpec {
    record = List.copyOf(record);
  }

  /** A field of a raw record. */
  record RecordField(String name, ElementType type, List<Long> dims) {}
}
