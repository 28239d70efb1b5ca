package dev.compress.onnx;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A model that was written.
 *
 * @param file the model's file
 * @param bytes what it takes, external data included
 * @param sha256 the hash of the model's file, in hex; it covers the external data by its name
 * @param data the external data, if there is any
 */
public record WrittenModel(Path file, long bytes, String sha256, Optional<Data> data) {
  /**
   * An external data file.
   *
   * @param file where it is, beside the model
   * @param bytes what it takes
   * @param sha256 its hash, in hex; its name holds the first digits
   */
  public record Data(Path file, long bytes, String sha256) {}
}
