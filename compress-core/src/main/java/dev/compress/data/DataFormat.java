package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The kinds of file and folder that can be read. */
public enum DataFormat {
  /** Images and labels as a pair of IDX files, as MNIST has them. */
  IDX,
  /** NumPy arrays by name in a ZIP file. */
  NPZ,
  /** One NumPy array. */
  NPY,
  /** PNG or JPEG files in class folders. */
  IMAGES,
  /** 16-bit PCM WAV files in class folders. */
  WAV,
  /** Rows of separated text. */
  CSV,
  /** One JSON object a line. */
  JSONL,
  /** Records of fixed size without a header. */
  RAW;

  /** The name in descriptors. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  static DataFormat of(String key, String where) {
    for (DataFormat format : values()) {
      if (format.key().equals(key.toLowerCase(Locale.ROOT))) {
        return format;
      }
    }
    throw new InvalidDataException(
        where
            + ": unknown format '"
            + key
            + "'. Known: "
            + Arrays.stream(values()).map(DataFormat::key).collect(Collectors.joining(", "))
            + ".");
  }
}
