package dev.compress.quantize;

/**
 * Fits codes and scales of clustered rows to one another. The scale of a row of int8 codes is its
 * largest weight over 127; with few codes others do better: for codes q of a row w the best is
 * {@code (w H q) / (q H q)}, and for that scale other codes are ({@link ClusteredRounding}). Both
 * are found in turn, from several scales, and each row keeps what changes the layer's output least:
 * never more than what it began with. The codes that there are stay those of the tensor, or of a
 * row's group of channels. Deterministic.
 */
final class ClusterFit {
  /** Scales to begin with: under the first of these, outer codes are too far out to be used. */
  private static final double[] STARTS = {1, 0.85, 0.7, 0.55, 1.2};

  private static final int ROUNDS = 3;

  private final double[][] gram;
  private final ClusteredRounding rounding;
  private final float[] weights;
  private final float[] least;
  private final byte[] before;
  private final byte[][] levels;
  private final boolean zeroIsMask;

  /**
   * Codes with their scales.
   *
   * @param codes {@code [rows, length]}
   * @param scales one a row
   * @param errors {@code (w - s q) H (w - s q)^T} of each row
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  record Fitted(byte[] codes, float[] scales, double[] errors) {}

  /**
   * Prepares.
   *
   * @param gram H, both triangles; read only, not copied
   * @param damping share of the mean diagonal that is added where errors are carried on
   * @param weights {@code [rows, length]}
   * @param least the least scale that each row may have; one a row
   * @param clustered the codes to begin with, {@code [rows, length]}
   * @param levels the codes that there are for each row, ascending
   * @param zeroIsMask whether zeros stay and nothing else becomes zero
   * @param threads how many to use; the result does not depend on it
   */
  ClusterFit(
      double[][] gram,
      double damping,
      float[] weights,
      float[] least,
      byte[] clustered,
      byte[][] levels,
      boolean zeroIsMask,
      int threads) {
    this.gram = gram;
    this.rounding = new ClusteredRounding(gram, damping, threads);
    this.weights = weights;
    this.least = least;
    this.before = clustered;
    this.levels = levels;
    this.zeroIsMask = zeroIsMask;
  }

  /**
   * Fits.
   *
   * @param scales to begin with, one a row
   */
  Fitted fit(float[] scales) {
    byte[] codes = rounding.round(weights, scales, before, levels, zeroIsMask);
    Fitted best = new Fitted(codes, scales.clone(), errors(codes, scales));
    for (double start : STARTS) {
      float[] tried = new float[scales.length];
      for (int r = 0; r < tried.length; r++) {
        tried[r] = Math.max(least[r], (float) (scales[r] * start));
      }
      for (int round = 0; round < ROUNDS; round++) {
        byte[] now = rounding.round(weights, tried, nearest(tried), levels, zeroIsMask);
        tried = bestScales(now, tried);
        keepBetter(best, new Fitted(now, tried, errors(now, tried)));
      }
    }
    return best;
  }

  private void keepBetter(Fitted best, Fitted other) {
    int n = gram.length;
    for (int r = 0; r < best.scales.length; r++) {
      if (other.errors[r] < best.errors[r]) {
        System.arraycopy(other.codes, r * n, best.codes, r * n, n);
        best.scales[r] = other.scales[r];
        best.errors[r] = other.errors[r];
      }
    }
  }

  private byte[] nearest(float[] scales) {
    int n = gram.length;
    byte[] nearest = new byte[weights.length];
    for (int i = 0; i < nearest.length; i++) {
      if (zeroIsMask && before[i] == 0) {
        continue;
      }
      double code = (double) weights[i] / scales[i / n];
      double off = Double.POSITIVE_INFINITY;
      for (byte level : levels[i / n]) {
        if (!(zeroIsMask && level == 0) && Math.abs(code - level) < off) {
          off = Math.abs(code - level);
          nearest[i] = level;
        }
      }
    }
    return nearest;
  }

  /** The scale of least error for each row's codes. */
  private float[] bestScales(byte[] codes, float[] scales) {
    int n = gram.length;
    float[] best = scales.clone();
    for (int r = 0; r < best.length; r++) {
      double along = 0;
      double energy = 0;
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
          sum += gram[i][j] * codes[r * n + j];
        }
        along += weights[r * n + i] * sum;
        energy += codes[r * n + i] * sum;
      }
      double scale = along / energy;
      if (energy > 0 && scale > 0 && Double.isFinite(scale)) {
        best[r] = Math.max(least[r], (float) scale);
      }
    }
    return best;
  }

  private double[] errors(byte[] codes, float[] scales) {
    int n = gram.length;
    double[] errors = new double[scales.length];
    double[] off = new double[n];
    for (int r = 0; r < errors.length; r++) {
      for (int i = 0; i < n; i++) {
        off[i] = weights[r * n + i] - (double) scales[r] * codes[r * n + i];
      }
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
          sum += gram[i][j] * off[j];
        }
        errors[r] += off[i] * sum;
      }
    }
    return errors;
  }
}
