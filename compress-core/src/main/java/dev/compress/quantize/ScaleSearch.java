package dev.compress.quantize;

import java.util.Arrays;

/**
 * Searches, per channel, the symmetric scale with the least squared error: a slightly smaller scale
 * than {@code absMax / limit} cuts the few largest weights and makes the steps of all others finer.
 *
 * <p>The candidates are fixed shares of the scale. Their errors are summed piece by piece; pieces
 * must be added in one and the same order for the same result. Not thread-safe: one a piece, then
 * {@link #add} in order.
 */
public final class ScaleSearch {
  /** From 1 down to 0.4 of the scale; finer near 1, where the optimum of most weights lies. */
  private static final float[] SHARES = {
    1f, 0.98f, 0.96f, 0.94f, 0.92f, 0.9f, 0.87f, 0.84f, 0.81f, 0.78f, 0.74f, 0.7f, 0.65f, 0.6f,
    0.5f, 0.4f
  };

  private final ChannelLayout layout;
  private final float[] scales;
  private final int limit;
  private final double[] errors; // [candidate][channel]

  /**
   * A search that saw nothing yet.
   *
   * @param layout how the channels of the tensor lie
   * @param scales {@code absMax / limit} per channel
   * @param limit the outermost code
   */
  public ScaleSearch(ChannelLayout layout, float[] scales, int limit) {
    this.layout = layout;
    this.scales = scales.clone();
    this.limit = limit;
    this.errors = new double[SHARES.length * layout.channels()];
  }

  /**
   * Takes in a piece of the tensor.
   *
   * @param position of the first value in the flat order of the tensor
   * @param values the values
   * @param from the first to look at
   * @param count how many
   */
  public void observe(long position, float[] values, int from, int count) {
    int chunk = Math.min(count, RoundingKernel.CHUNK);
    float[] copy = new float[chunk];
    float[] candidate = new float[chunk];
    float[] squares = new float[chunk];
    layout.forEachRun(
        position,
        count,
        (channel, offset, length) -> {
          for (int done = 0; done < length; done += chunk) {
            int n = Math.min(chunk, length - done);
            int c = layout.inner() == 1 ? channel + done : channel;
            System.arraycopy(values, from + offset + done, copy, 0, n);
            for (int s = 0; s < SHARES.length; s++) {
              fillScales(candidate, c, n, SHARES[s]);
              square(copy, candidate, limit, squares, n);
              addSquares(squares, n, s * layout.channels() + c);
            }
          }
        });
  }

  private void fillScales(float[] candidate, int channel, int count, float share) {
    if (layout.inner() == 1) {
      for (int i = 0; i < count; i++) {
        candidate[i] = scales[channel + i] * share;
      }
    } else {
      Arrays.fill(candidate, 0, count, scales[channel] * share);
    }
  }

  /** All arrays are indexed alike, so that the compiler makes vector code of it. */
  private static void square(
      float[] values, float[] scales, float limit, float[] squares, int count) {
    for (int i = 0; i < count; i++) {
      // Rounds as RoundingKernel does.
      float code = Math.min(Math.max(values[i] / scales[i], -limit), limit);
      code = (code + 0x1.8p23f) - 0x1.8p23f;
      float error = values[i] - code * scales[i];
      squares[i] = error * error;
    }
  }

  private void addSquares(float[] squares, int count, int slot) {
    if (layout.inner() == 1) {
      for (int i = 0; i < count; i++) {
        errors[slot + i] += squares[i];
      }
    } else {
      double even = 0;
      double odd = 0;
      for (int i = 0; i + 1 < count; i += 2) {
        even += squares[i];
        odd += squares[i + 1];
      }
      errors[slot] += even + odd + (count % 2 == 1 ? squares[count - 1] : 0);
    }
  }

  /** Adds what another search saw of the same tensor. */
  public void add(ScaleSearch other) {
    for (int i = 0; i < errors.length; i++) {
      errors[i] += other.errors[i];
    }
  }

  /** The best scale per channel; the largest of equals. */
  public float[] scales() {
    int channels = layout.channels();
    float[] best = scales.clone();
    for (int c = 0; c < channels; c++) {
      double least = errors[c];
      for (int s = 1; s < SHARES.length; s++) {
        if (errors[s * channels + c] < least) {
          least = errors[s * channels + c];
          best[c] = Math.max(scales[c] * SHARES[s], AffineParameters.MIN_SCALE);
        }
      }
    }
    return best;
  }
}
