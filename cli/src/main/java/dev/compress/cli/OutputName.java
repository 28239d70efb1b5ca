package dev.compress.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** The default output: the input's name with what was done to it, beside the input. */
final class OutputName {
  private static final String EXTENSION = ".onnx";

  private OutputName() {}

  /**
   * The output of a job.
   *
   * @param model a file, or sample:NAME, whose output goes into the current folder
   * @param quantize the number format
   */
  static Path of(String model, String quantize) {
    String suffix = "." + quantize.toLowerCase(Locale.ROOT) + EXTENSION;
    Optional<String> sample = Samples.name(model);
    if (sample.isPresent()) {
      return Path.of(sample.get() + suffix);
    }
    Path input = Path.of(model);
    Path file = input.getFileName();
    String name = file == null ? model : file.toString();
    boolean known = name.toLowerCase(Locale.ROOT).endsWith(EXTENSION);
    String stem = known ? name.substring(0, name.length() - EXTENSION.length()) : name;
    return input.resolveSibling(stem + suffix);
  }
}
