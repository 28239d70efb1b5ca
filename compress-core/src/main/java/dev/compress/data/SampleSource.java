package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The samples of a file or folder as they are stored. Thread-safe: each thread reads through a
 * cursor of its own.
 */
interface SampleSource extends AutoCloseable {
  long count();

  /** The fields of every sample, at least one, without the label. */
  List<SourceField> fields();

  /** A field by its name; also one that {@link #fields()} does not list, such as a CSV column. */
  default Optional<SourceField> field(String name) {
    return fields().stream().filter(f -> f.name().equals(name)).findFirst();
  }

  /** The labels that the source itself holds. */
  Optional<Labels> labels();

  /** What a user should know about how the source was understood. */
  List<String> notes();

  /** Every file that was or will be read, for the content hash. */
  List<Path> files();

  Cursor cursor();

  @Override
  default void close() {}

  /** Reads samples; not thread-safe. */
  interface Cursor {
    /**
     * A field of one sample.
     *
     * @throws InvalidDataException if the sample is malformed; the message names it
     */
    RawValue read(SourceField field, long index);
  }
}
