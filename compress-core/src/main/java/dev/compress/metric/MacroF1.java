package dev.compress.metric;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Macro-averaged F1: {@code mean over classes of 2 TP / (2 TP + FP + FN)}, over the classes that
 * occur among the labels or the predictions.
 */
final class MacroF1 {
  private static final int RESAMPLES = 1000;

  private MacroF1() {}

  static double of(int[] labels, int[] predicted) {
    int[] occurring = occurring(labels, predicted);
    return score(
        dense(labels, occurring), dense(predicted, occurring), null, new long[3][occurring.length]);
  }

  /**
   * The percentile bootstrap over samples, 1,000 resamples, always with the same seed.
   *
   * <p>Efron, B.: Bootstrap methods: another look at the jackknife. Annals of Statistics 7 (1979).
   */
  static Interval bootstrap95(int[] labels, int[] predicted) {
    return middle95(resampled(labels, predicted));
  }

  /** Scores of the same resamples for all predictions of the same labels. */
  private static double[] resampled(int[] labels, int[] predicted) {
    int[] occurring = occurring(labels, predicted);
    int[] right = dense(labels, occurring);
    int[] guess = dense(predicted, occurring);
    long[][] counts = new long[3][occurring.length];
    Random random = new Random(0);
    double[] scores = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      scores[r] = score(right, guess, random, counts);
    }
    return scores;
  }

  private static Interval middle95(double[] scores) {
    Arrays.sort(scores);
    int tail = (int) Math.floor(0.025 * RESAMPLES);
    return new Interval(scores[tail], scores[RESAMPLES - 1 - tail]);
  }

  /** As {@link #bootstrap95}, of a difference: both models are scored on the same resamples. */
  static Interval differenceBootstrap95(int[] labels, int[] first, int[] second) {
    double[] one = resampled(labels, first);
    double[] other = resampled(labels, second);
    double[] differences = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      differences[r] = one[r] - other[r];
    }
    return middle95(differences);
  }

  /** The classes that occur, sorted: ids may be any number, counts are kept only for these. */
  private static int[] occurring(int[] labels, int[] predicted) {
    return IntStream.concat(Arrays.stream(labels), Arrays.stream(predicted).filter(c -> c >= 0))
        .sorted()
        .distinct()
        .toArray();
  }

  private static int[] dense(int[] ids, int[] occurring) {
    return Arrays.stream(ids).map(id -> id < 0 ? id : Arrays.binarySearch(occurring, id)).toArray();
  }

  private static double score(
      int[] labels, int[] predicted, @Nullable Random random, long[][] counts) {
    long[] hits = counts[0];
    long[] actual = counts[1];
    long[] guessed = counts[2];
    for (long[] count : counts) {
      Arrays.fill(count, 0);
    }
    for (int i = 0; i < labels.length; i++) {
      int k = random == null ? i : random.nextInt(labels.length);
      actual[labels[k]]++;
      if (predicted[k] >= 0) {
        guessed[predicted[k]]++;
      }
      if (labels[k] == predicted[k]) {
        hits[labels[k]]++;
      }
    }
    double sum = 0;
    int present = 0;
    for (int c = 0; c < hits.length; c++) {
      long both = actual[c] + guessed[c];
      if (both > 0) {
        present++;
        sum += 2.0 * hits[c] / both;
      }
    }
    return sum / present;
  }
}
