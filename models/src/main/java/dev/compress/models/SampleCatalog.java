package dev.compress.models;

import java.util.List;
import java.util.Optional;

/** The embedded samples, {@code sample:NAME} on the command line. */
public final class SampleCatalog {
  private static final Sample GLYPHS =
      new Sample(
          "glyphs",
          "residual CNN that reads 34 handwritten digits and capital letters (28 x 28 grey images)",
          List.of(
              "glyphs.onnx",
              "glyphs-calibration-images-idx3-ubyte.gz",
              "glyphs-calibration-labels-idx1-ubyte.gz",
              "glyphs-calibration.yaml",
              "glyphs-test-images-idx3-ubyte.gz",
              "glyphs-test-labels-idx1-ubyte.gz",
              "glyphs-test.yaml"));

  private SampleCatalog() {}

  /** All samples. */
  public static List<Sample> samples() {
    return List.of(GLYPHS);
  }

  /** The sample of a name, without {@code sample:}. */
  public static Optional<Sample> find(String name) {
    return samples().stream().filter(sample -> sample.name().equals(name)).findFirst();
  }
}
