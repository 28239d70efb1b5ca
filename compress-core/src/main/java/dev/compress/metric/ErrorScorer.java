package dev.compress.metric;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Scores outputs against target values, batch by batch: {@link Metric#MSE}, the mean of {@code (y -
 * t)²}, and {@link Metric#MAE}, the mean of {@code |y - t|}, over all elements of all samples.
 * Accumulates in double. Not thread-safe.
 */
public final class ErrorScorer {
  private final Metric metric;
  private final Moments moments = new Moments();
  private double[] perSample = new double[1024];
  private int samples;

  /**
   * A scorer that has seen nothing.
   *
   * @param metric {@link Metric#MSE} or {@link Metric#MAE}
   */
  public ErrorScorer(Metric metric) {
    if (metric.needs() != Metric.Needs.TARGET_VALUES) {
      throw new IllegalArgumentException(metric + " is not computed from target values");
    }
    this.metric = metric;
  }

  /**
   * Adds a batch.
   *
   * @param output the outputs; the first {@code count} of its {@code rows} rows count
   * @param rows samples in the output, padding included
   * @param targets the right values of {@code count} samples, sample by sample
   * @param count how many samples the targets belong to
   * @throws InvalidDataException if a sample has another number of outputs than of targets
   */
  public void add(TensorBuffer output, int rows, float[] targets, int count) {
    Elements elements = Elements.of(output);
    int width = elements.width(rows);
    if (count > rows || (long) width * count != targets.length) {
      throw new InvalidDataException(
          "The model's output "
              + output.shape()
              + " has "
              + width
              + " values a sample, the dataset "
              + (count == 0 ? 0 : targets.length / count)
              + " target values. They must be equal.");
    }
    if (samples + count > perSample.length) {
      perSample = Arrays.copyOf(perSample, Math.max(samples + count, perSample.length * 2));
    }
    for (int row = 0; row < count; row++) {
      double sum = 0;
      for (int i = row * width; i < (row + 1) * width; i++) {
        double error = elements.at(i) - targets[i];
        sum += metric == Metric.MSE ? error * error : Math.abs(error);
      }
      perSample[samples++] = sum / width;
      moments.add(sum / width);
    }
  }

  /** The value so far, with the normal 95% interval over samples. */
  public MetricResult result() {
    Optional<Interval> interval =
        samples < 2 || Double.isNaN(moments.mean())
            ? Optional.empty()
            : Optional.of(moments.normalInterval95());
    return new MetricResult(metric, moments.mean(), samples, interval);
  }

  /** The error of every sample so far, in the order in which they were added; a copy. */
  public double[] perSample() {
    return Arrays.copyOf(perSample, samples);
  }
}
