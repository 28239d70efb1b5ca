package dev.compress.models.architecture;

import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.Tensor;

/**
 * A few hundred values of every channel of an activation, followed through a network of random
 * weights, so that its BatchNormalizations get the statistics that training on unit-normal images
 * would have left there. A convolution's output is normal (it sums many terms) with moments that
 * its weights and its input's moments give; the steps between are done value by value. Values of
 * different channels are taken as independent; the correlations that this leaves out average out
 * because the weights are independent of them.
 *
 * @param values by channel
 */
@SuppressWarnings("ArrayRecordComponent") // local to one build, never compared
record ChannelSamples(double[][] values) {
  private static final int COUNT = 1000;
  private static final int POOL_WINDOW = 9;

  /** Normal values per channel, whose mean and variance are exactly the given ones. */
  static ChannelSamples normal(double[] mean, double[] variance, SplitMix64 random) {
    double[][] values = new double[mean.length][COUNT];
    for (int c = 0; c < mean.length; c++) {
      double squares = 0;
      for (int i = 0; i < COUNT / 2; i++) {
        values[c][i] = random.nextGaussian();
        squares += values[c][i] * values[c][i];
      }
      double deviation = Math.sqrt(variance[c] * (COUNT / 2) / squares);
      for (int i = 0; i < COUNT / 2; i++) {
        double offset = deviation * values[c][i];
        values[c][i] = mean[c] + offset;
        values[c][COUNT - 1 - i] = mean[c] - offset;
      }
    }
    return new ChannelSamples(values);
  }

  int channels() {
    return values.length;
  }

  double[] mean() {
    double[] mean = new double[values.length];
    for (int c = 0; c < mean.length; c++) {
      for (double value : values[c]) {
        mean[c] += value / COUNT;
      }
    }
    return mean;
  }

  double[] variance() {
    double[] mean = mean();
    double[] variance = new double[values.length];
    for (int c = 0; c < mean.length; c++) {
      for (double value : values[c]) {
        variance[c] += (value - mean[c]) * (value - mean[c]) / COUNT;
      }
    }
    return variance;
  }

  /**
   * Moments after a convolution: {@code mean_o = sum_i mean_i sum_k w_oik} and {@code variance_o =
   * sum_i variance_i sum_k w_oik^2}.
   *
   * @param weight [out, in, height, width]
   * @return the means, then the variances, by output channel
   */
  double[][] convolvedMoments(Tensor weight) {
    double[] mean = mean();
    double[] variance = variance();
    int out = (int) weight.shape().dim(0);
    int taps = (int) (weight.shape().dim(2) * weight.shape().dim(3));
    float[] w = weight.toFloats();
    double[] newMean = new double[out];
    double[] newVariance = new double[out];
    int next = 0;
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < mean.length; i++) {
        double sum = 0;
        double squares = 0;
        for (int k = 0; k < taps; k++, next++) {
          sum += w[next];
          squares += (double) w[next] * w[next];
        }
        newMean[o] += mean[i] * sum;
        newVariance[o] += variance[i] * squares;
      }
    }
    return new double[][] {newMean, newVariance};
  }

  /** After adding an activation that is independent of this one. */
  ChannelSamples plus(ChannelSamples other, SplitMix64 random) {
    double[][] sums = new double[values.length][COUNT];
    for (int c = 0; c < sums.length; c++) {
      for (int i = 0; i < COUNT; i++) {
        sums[c][i] = values[c][i] + other.values[c][random.nextInt(COUNT)];
      }
    }
    return new ChannelSamples(sums);
  }

  /** After 3 x 3 max pooling. */
  ChannelSamples pooled(SplitMix64 random) {
    double[][] largest = new double[values.length][COUNT];
    for (int c = 0; c < largest.length; c++) {
      for (int i = 0; i < COUNT; i++) {
        double max = values[c][i];
        for (int k = 1; k < POOL_WINDOW; k++) {
          max = Math.max(max, values[c][random.nextInt(COUNT)]);
        }
        largest[c][i] = max;
      }
    }
    return new ChannelSamples(largest);
  }

  /** After a ReLU. */
  ChannelSamples rectified() {
    double[][] positive = new double[values.length][COUNT];
    for (int c = 0; c < positive.length; c++) {
      for (int i = 0; i < COUNT; i++) {
        positive[c][i] = Math.max(0, values[c][i]);
      }
    }
    return new ChannelSamples(positive);
  }
}
