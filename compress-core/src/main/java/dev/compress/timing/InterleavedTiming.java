package dev.compress.timing;

import dev.compress.progress.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;

/**
 * Times several things in turn: A B, B A, A B ... in short blocks and an order by seed, after a
 * warm-up that lasts until the times are steady. On a machine that does other work as well, this
 * compares what happened at nearly the same time, where one after the other would compare what else
 * the machine did.
 */
public final class InterleavedTiming {
  private static final double NANOS = 1e9;
  private static final double WARM_UP_SHARE = 0.2;
  private static final int WARM_UP_WINDOW = 5;
  private static final double STEADY = 0.98;
  private static final int STEADY_WINDOWS = 3;
  private static final double QUIET = 0.2;
  private static final int MOST_RUNS_A_BLOCK = 1 << 12;
  private static final int MOST_ROUNDS = 1 << 12;

  private final List<Timed> variants;
  private final TimingSettings settings;
  private final LongSupplier clock;
  private final Progress progress;
  private final List<Samples> samples = new ArrayList<>();

  private InterleavedTiming(
      List<Timed> variants, TimingSettings settings, Progress progress, LongSupplier clock) {
    this.variants = variants;
    this.settings = settings;
    this.clock = clock;
    this.progress = progress;
    variants.forEach(v -> samples.add(new Samples()));
  }

  /**
   * Measures.
   *
   * @param variants the first is the baseline
   * @param settings how long and how finely
   * @param progress told the rounds; asked whether to stop
   * @throws IllegalArgumentException if there are no variants
   * @throws dev.compress.error.CancelledException if the caller stopped it
   */
  public static TimingResult measure(
      List<Timed> variants, TimingSettings settings, Progress progress) {
    return measure(variants, settings, progress, System::nanoTime);
  }

  /** With a clock, in nanoseconds: for tests. */
  static TimingResult measure(
      List<Timed> variants, TimingSettings settings, Progress progress, LongSupplier clock) {
    if (variants.isEmpty()) {
      throw new IllegalArgumentException("Nothing to time");
    }
    return new InterleavedTiming(List.copyOf(variants), settings, progress, clock).measure();
  }

  private TimingResult measure() {
    long start = clock.getAsLong();
    long end = start + (long) (settings.seconds() * NANOS);
    progress.begin("time", -1);
    int[] runsABlock = new int[variants.size()];
    for (int i = 0; i < runsABlock.length; i++) {
      double nanos = warmUp(variants.get(i));
      double wanted = settings.blockSeconds() * NANOS / Math.max(1, nanos);
      runsABlock[i] = (int) Math.max(1, Math.min(MOST_RUNS_A_BLOCK, Math.rint(wanted)));
    }
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < variants.size(); i++) {
      order.add(i);
    }
    Random random = new Random(settings.seed());
    int rounds = 0;
    while (rounds < settings.fewestRounds() || (clock.getAsLong() < end && rounds < MOST_ROUNDS)) {
      Collections.shuffle(order, random);
      for (int i : order) {
        progress.check();
        block(i, runsABlock[i]);
      }
      rounds++;
      progress.advance(1);
    }
    return result(rounds, (clock.getAsLong() - start) / NANOS);
  }

  /** Runs until the times no longer fall, or its share of the budget is used up. */
  private double warmUp(Timed variant) {
    long end =
        clock.getAsLong() + (long) (settings.seconds() * NANOS * WARM_UP_SHARE / variants.size());
    double best = Double.POSITIVE_INFINITY;
    int steady = 0;
    do {
      progress.check();
      double[] window = new double[WARM_UP_WINDOW];
      int count = 0;
      do {
        window[count++] = timeOnce(variant);
      } while (count < window.length && clock.getAsLong() < end);
      double middle = Quantiles.median(Quantiles.sorted(window, count));
      steady = middle > STEADY * best ? steady + 1 : 0;
      best = Math.min(best, middle);
    } while (steady < STEADY_WINDOWS && clock.getAsLong() < end);
    return best;
  }

  private double timeOnce(Timed variant) {
    long before = clock.getAsLong();
    variant.run().run();
    return clock.getAsLong() - before;
  }

  private void block(int variant, int runs) {
    Timed timed = variants.get(variant);
    if (runs > 1) {
      timed.run().run(); // the caches still hold the other one's data
    }
    double[] times = new double[runs];
    for (int i = 0; i < runs; i++) {
      times[i] = timeOnce(timed);
    }
    Arrays.sort(times);
    samples.get(variant).add(times, Quantiles.of(times, QUIET));
  }

  private TimingResult result(int rounds, double seconds) {
    List<Latency> latencies = new ArrayList<>();
    List<LatencyRatio> ratios = new ArrayList<>();
    for (int i = 0; i < variants.size(); i++) {
      String name = variants.get(i).name();
      double[] sorted = samples.get(i).sorted();
      latencies.add(
          new Latency(
              name,
              sorted.length,
              Quantiles.of(sorted, QUIET),
              Quantiles.median(sorted),
              Quantiles.of(sorted, 0.9)));
      if (i > 0) {
        double[] pairs = new double[rounds];
        for (int round = 0; round < rounds; round++) {
          pairs[round] =
              Math.max(1, samples.get(i).block(round)) / Math.max(1, samples.get(0).block(round));
        }
        Arrays.sort(pairs);
        ratios.add(
            new LatencyRatio(name, Quantiles.median(pairs), Quantiles.ofMedian(pairs), rounds));
      }
    }
    return new TimingResult(latencies, ratios, rounds, seconds);
  }

  /** One variant's times. */
  private static final class Samples {
    private final List<double[]> times = new ArrayList<>();
    private final List<Double> blocks = new ArrayList<>();

    void add(double[] sorted, double quiet) {
      times.add(sorted);
      blocks.add(quiet);
    }

    double block(int round) {
      return blocks.get(round);
    }

    double[] sorted() {
      return times.stream().flatMapToDouble(Arrays::stream).sorted().toArray();
    }
  }
}
