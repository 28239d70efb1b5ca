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
    GlyphAlphabet alphabet = GlyphAlphabet.load();
    byte[] labels = balancedLabels(alphabet.labels().size(), split, count, seed);
    byte[] images = new byte[Math.multiplyExact(count, SIDE * SIDE)];
    ThreadLocal<GlyphRenderer> renderers =
        ThreadLocal.withInitial(() -> new GlyphRenderer(alphabet));
    IntStream.range(0, count)
        .parallel()
        .forEach(
            i ->
                renderers
                    .get()
                    .render(
                        labels[i],
                        SplitMix64.stream(seed, split.stream, 1, i),
                        images,
                        i * SIDE * SIDE));
    return new GlyphDataset(images, labels);
  }

  /** Number of samples. */
  public int count() {
    return labels.length;
  }

  private static byte[] balancedLabels(int classes, Split split, int count, long seed) {
    byte[] labels = new byte[count];
    byte[] order = new byte[classes];
    for (int start = 0; start < count; start += classes) {
      SplitMix64 random = SplitMix64.stream(seed, split.stream, 0, start / classes);
      for (int i = 0; i < classes; i++) {
        int other = random.nextInt(i + 1);
        order[i] = order[other];
        order[other] = (byte) i;
      }
      System.arraycopy(order, 0, labels, start, Math.min(classes, count - start));
    }
    return labels;
  }
}
