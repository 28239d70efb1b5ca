package dev.compress.models.sample;

import dev.compress.models.sample.GlyphDataset.Split;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The sample's data files as they are embedded: two labelled splits in IDX form, each with its
 * descriptor.
 */
public final class GlyphFiles {
  /** Images for calibration. */
  public static final int CALIBRATION_COUNT = 300;

  /** Images for scores. */
  public static final int TEST_COUNT = 2000;

  /** Images to learn from: 240 of each class. */
  public static final int TRAINING_COUNT = 8160;

  private static final String DESCRIPTOR =
      """
      # 28 x 28 grey images of digits and capital letters (without I and O), drawn by compress itself.
      format: idx
      inputs:
        image: {dtype: float32, shape: [1, 28, 28], scale: 0.00392156862745098}
      labels: {classes: [%s]}
      metric: top1
      """;

  private GlyphFiles() {}

  /** Contents of all data files by name; equal seeds give equal bytes. */
  public static Map<String, byte[]> contents(long seed) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    add(
        files,
        "glyphs-calibration",
        GlyphDataset.generate(Split.CALIBRATION, CALIBRATION_COUNT, seed));
    add(files, "glyphs-test", GlyphDataset.generate(Split.TEST, TEST_COUNT, seed));
    return files;
  }

  /**
   * Contents of the files of training data, which are not embedded but drawn where they are wanted:
   * the first of those that the sample's own network has learned from.
   */
  public static Map<String, byte[]> trainingContents(long seed) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    add(files, "glyphs-training", GlyphDataset.generate(Split.TRAINING, TRAINING_COUNT, seed));
    return files;
  }

  private static void add(Map<String, byte[]> files, String name, GlyphDataset data) {
    int side = GlyphDataset.SIDE;
    byte[] images = IdxFile.encode(data.images(), data.count(), side, side);
    files.put(name + "-images-idx3-ubyte.gz", IdxFile.gzip(images));
    files.put(
        name + "-labels-idx1-ubyte.gz", IdxFile.gzip(IdxFile.encode(data.labels(), data.count())));
    // quoted, else YAML reads some as numbers and N and Y as truth values
    String classes =
        GlyphAlphabet.load().labels().stream()
            .map(label -> '"' + label + '"')
            .collect(Collectors.joining(", "));
    files.put(name + ".yaml", DESCRIPTOR.formatted(classes).getBytes(StandardCharsets.UTF_8));
  }
}
