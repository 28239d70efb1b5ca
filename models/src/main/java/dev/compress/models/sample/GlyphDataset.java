package dev.compress.models.sample;

import dev.compress.models.random.SplitMix64;
import java.util.stream.IntStream;

/**
 * Labelled glyph images in memory.
 *
 * <p>Sample i of a split is drawn from a stream of its own, so the same (seed, split) gives the
 * same bytes on every machine, however many threads draw, and a longer set starts with the shorter
 * one. Labels are balanced: every run of {@code labels().size()} samples holds each label once, in
 * an order of its own.
 *
 * @param images {@code count * 784} unsigned bytes, row order, 0 is paper and 255 is ink
 * @param labels class index per image
 */
@SuppressWarnings(
    "ArrayRecordComponent") // bulk data handed on as it is; equality of contents is never asked for
public record GlyphDataset(byte[] images, byte[] labels) {
  /** Width and height of an image in pixels. */
  public static final int SIDE = GlyphRenderer.SIDE;

  private static final int LABELS = 0;
  private static final int IMAGES = 1;

  /** The seed of the committed sample. */
  public static final long SEED = 2024;

  /** Independent sets that one seed gives; the number names the stream, so it must never change. */
  public enum Split {
    /** What the sample model is trained on. */
    TRAINING(1),
    /** What the training watches to choose its best state. */
    VALIDATION(2),
    /** Embedded: calibration of quantized forms of the sample model. */
    CALIBRATION(3),
    /** Embedded: final scores, used for nothing else. */
    TEST(4);

    private final int stream;

    Split(int stream) {
      this.stream = stream;
    }
  }

  /** Draws the first {@code count} samples of a split. */
  public static GlyphDataset generate(Split split, int count, long seed) {
    return generate(split, 0, count, seed);
  }

  /** Draws {@code count} samples of a split, beginning with sample {@code first}. */
  public static GlyphDataset generate(Split split, int first, int count, long seed) {
    GlyphAlphabet alphabet = GlyphAlphabet.load();
    byte[] labels = labels(alphabet.labels().size(), split, first, count, seed);
    byte[] images = new byte[Math.multiplyExact(count, SIDE * SIDE)];
    ThreadLocal<GlyphRenderer> renderers =
        ThreadLocal.withInitial(() -> new GlyphRenderer(alphabet));
    IntStream.range(0, count)
        .parallel()
        .forEach(
            i -> {
              SplitMix64 random = SplitMix64.stream(seed, split.stream, IMAGES, first + i);
              renderers.get().render(labels[i], random, images, i * SIDE * SIDE);
            });
    return new GlyphDataset(images, labels);
  }

  /** Number of samples. */
  public int count() {
    return labels.length;
  }

  private static byte[] labels(int classes, Split split, int first, int count, long seed) {
    byte[] labels = new byte[count];
    byte[] round = new byte[0];
    for (int i = 0; i < count; i++) {
      int place = (first + i) % classes;
      if (place == 0 || i == 0) {
        round =
            round(classes, SplitMix64.stream(seed, split.stream, LABELS, (first + i) / classes));
      }
      labels[i] = round[place];
    }
    return labels;
  }

  /** Every label once, in random order. */
  private static byte[] round(int classes, SplitMix64 random) {
    byte[] order = new byte[classes];
    for (int i = 0; i < classes; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = (byte) i;
    }
    return order;
  }
}
