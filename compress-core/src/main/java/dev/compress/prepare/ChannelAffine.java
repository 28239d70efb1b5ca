package dev.compress.prepare;

import java.util.Arrays;

/**
 * A map of each channel of a tensor: {@code y[c] = scale[c] * x[c] + shift[c]}, kept in double.
 *
 * <p>Pure numbers; not a record, because it is passed around and never compared.
 */
final class ChannelAffine {
  private final double[] scale;
  private final double[] shift;

  private ChannelAffine(double[] scale, double[] shift) {
    this.scale = scale;
    this.shift = shift;
  }

  /** The map that changes nothing. */
  static ChannelAffine identity(int channels) {
    double[] ones = new double[channels];
    Arrays.fill(ones, 1);
    return new ChannelAffine(ones, new double[channels]);
  }

  /** {@code y = scale * x + shift}; the arrays are handed over. */
  static ChannelAffine of(double[] scale, double[] shift) {
    return new ChannelAffine(scale, shift);
  }

  /**
   * Batch normalization with fixed statistics (Ioffe and Szegedy 2015, arXiv 1502.03167): {@code y
   * = gamma * (x - mean) / sqrt(variance + epsilon) + beta}.
   */
  static ChannelAffine batchNorm(
      double[] gamma, double[] beta, double[] mean, double[] variance, double epsilon) {
    int n = gamma.length;
    double[] scale = new double[n];
    double[] shift = new double[n];
    for (int c = 0; c < n; c++) {
      scale[c] = gamma[c] / Math.sqrt(variance[c] + epsilon);
      shift[c] = beta[c] - mean[c] * scale[c];
    }
    return new ChannelAffine(scale, shift);
  }

  /** First this map, then another one. */
  ChannelAffine then(ChannelAffine next) {
    int n = scale.length;
    double[] newScale = new double[n];
    double[] newShift = new double[n];
    for (int c = 0; c < n; c++) {
      newScale[c] = next.scale[c] * scale[c];
      newShift[c] = next.scale[c] * shift[c] + next.shift[c];
    }
    return new ChannelAffine(newScale, newShift);
  }

  int channels() {
    return scale.length;
  }

  double scale(int channel) {
    return scale[channel];
  }

  double shift(int channel) {
    return shift[channel];
  }

  /** A copy of the factors. */
  double[] scales() {
    return scale.clone();
  }

  /** A copy of the summands. */
  double[] shifts() {
    return shift.clone();
  }

  /** Whether no channel is multiplied by anything but 1. */
  boolean keepsScale() {
    return Arrays.stream(scale).allMatch(s -> s == 1);
  }

  /** Whether nothing is added to any channel. */
  boolean keepsZero() {
    return Arrays.stream(shift).allMatch(s -> s == 0);
  }

  /** Whether all factors and summands are finite. */
  boolean isFinite() {
    return Arrays.stream(scale).allMatch(Double::isFinite)
        && Arrays.stream(shift).allMatch(Double::isFinite);
  }
}
