package dev.compress.evaluation.latency;

import dev.compress.error.CancelledException;
import dev.compress.evaluation.statistics.StudentInterval;
import dev.compress.metric.Interval;
import dev.compress.progress.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Times subjects in turn: after a warm-up that lasts until times are steady, rounds in which each
 * has a window, in an order by seed that the next round reverses (A B, B A).
 *
 * <p>The ratio is {@code exp(mean d)}, {@code d = ln(median of the variant's window / median of the
 * baseline's)} by round: what slows the machine down for a while slows both. Its interval is {@code
 * exp(mean d ± c t(0.975, k - 1) s / sqrt(k))}, {@code c} that of {@link StudentInterval}, which
 * makes up for ending as soon as it is narrow.
 */
public final class LatencyRun {
  private static final double STEADY = 0.02;
  private static final int STEADY_BLOCKS = 3;
  private static final double LONGEST_WARMUP_BLOCK = 1;
  private static final double TARGET = 0.02;

  private final List<Timed> subjects = new ArrayList<>();
  private final LatencySettings settings;
  private final Progress progress;

  private LatencyRun(
      List<? extends LatencySubject> subjects, LatencySettings settings, Progress progress) {
    subjects.forEach(s -> this.subjects.add(new Timed(s)));
    this.settings = settings;
    this.progress = progress;
  }

  /** A subject and what is known of it. */
  private static final class Timed {
    private final LatencySubject subject;
    private final LatencyDistribution distribution = new LatencyDistribution();
    private final List<Double> medians = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private @Nullable RuntimeException failure;

    Timed(LatencySubject subject) {
      this.subject = subject;
    }
  }

  /**
   * Measures.
   *
   * @param subjects the first is the baseline
   * @param settings how long
   * @param progress told the windows; asked whether to stop
   * @return one result a subject; what one throws ends its own turns only
   * @throws CancelledException if the caller stopped it
   */
  public static List<LatencyResult> measure(
      List<? extends LatencySubject> subjects, LatencySettings settings, Progress progress) {
    return new LatencyRun(subjects, settings, progress).measure();
  }

  private List<LatencyResult> measure() {
    progress.begin("warm up", subjects.size());
    for (Timed timed : subjects) {
      warmUp(timed);
      progress.advance(1);
    }
    progress.begin("time", (long) settings.mostRounds() * subjects.size());
    List<Timed> order = new ArrayList<>(subjects);
    Random random = new Random(settings.seed());
    int rounds = 0;
    while (rounds < settings.mostRounds()
        && (rounds < settings.fewestRounds() || !precise())
        && subjects.stream().anyMatch(t -> t.failure == null)) {
      if (rounds % 2 == 0) {
        Collections.shuffle(order, random);
      } else {
        Collections.reverse(order);
      }
      for (Timed timed : order) {
        window(timed);
        progress.advance(1);
      }
      rounds++;
    }
    return subjects.stream().map(this::result).toList();
  }

  private void warmUp(Timed timed) {
    double block = Math.min(LONGEST_WARMUP_BLOCK, settings.windowSeconds());
    double[] last = new double[STEADY_BLOCKS];
    int blocks = 0;
    double spent = 0;
    boolean steady = false;
    while (!steady && timed.failure == null && (spent < settings.warmupSeconds() || blocks == 0)) {
      long[] nanos = run(timed, block);
      if (nanos.length == 0) {
        return;
      }
      spent += Arrays.stream(nanos).sum() / 1e9;
      last[blocks++ % STEADY_BLOCKS] = median(nanos);
      if (blocks >= STEADY_BLOCKS) {
        double low = Arrays.stream(last).min().orElse(0);
        double high = Arrays.stream(last).max().orElse(0);
        steady = high <= low * (1 + STEADY);
      }
    }
    if (!steady && settings.warmupSeconds() > 0) {
      timed.warnings.add(
          String.format(
              Locale.ROOT,
              "%s was not steady after %.1f s of warm-up: three blocks in a row differ by over 2%%."
                  + " Is the machine busy?",
              timed.subject.name(),
              spent));
    }
  }

  private void window(Timed timed) {
    long[] nanos = timed.failure == null ? run(timed, settings.windowSeconds()) : new long[0];
    if (nanos.length == 0) {
      timed.medians.add(Double.NaN); // rounds stay aligned
      return;
    }
    timed.distribution.add(nanos);
    timed.medians.add(median(nanos));
  }

  private long[] run(Timed timed, double seconds) {
    progress.check();
    try {
      return timed.subject.run(seconds);
    } catch (CancelledException e) {
      throw e;
    } catch (RuntimeException e) {
      timed.failure = e;
      return new long[0];
    }
  }

  private static double median(long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
  }

  private boolean precise() {
    for (int i = 1; i < subjects.size(); i++) {
      Optional<StudentInterval> log = logRatio(subjects.get(i));
      if (log.isPresent() && log.get().halfWidth() > TARGET) {
        return false;
      }
    }
    return subjects.size() > 1 || relativeHalfWidth(subjects.get(0)) <= TARGET;
  }

  /** How well one subject's own window medians agree. */
  private static double relativeHalfWidth(Timed timed) {
    List<Double> logs = timed.medians.stream().filter(m -> !m.isNaN()).map(Math::log).toList();
    return logs.isEmpty() ? Double.POSITIVE_INFINITY : stopping(logs).halfWidth();
  }

  private static StudentInterval stopping(List<Double> values) {
    return StudentInterval.of(values, StudentInterval.FOR_STOPPING);
  }

  /** Of the logarithm, over rounds in which both had their turn. */
  private Optional<StudentInterval> logRatio(Timed timed) {
    List<Double> first = subjects.get(0).medians;
    List<Double> logs = new ArrayList<>();
    for (int i = 0; i < Math.min(first.size(), timed.medians.size()); i++) {
      double log = Math.log(timed.medians.get(i) / first.get(i));
      if (!Double.isNaN(log)) {
        logs.add(log);
      }
    }
    return logs.size() < 2 ? Optional.empty() : Optional.of(stopping(logs));
  }

  private LatencyResult result(Timed timed) {
    Optional<StudentInterval> log = timed == subjects.get(0) ? Optional.empty() : logRatio(timed);
    Optional<String> doubt =
        log.filter(l -> l.halfWidth() > TARGET)
            .map(
                l ->
                    String.format(
                        Locale.ROOT,
                        "The latency of %s is unstable: after %d rounds its ratio is known to"
                            + " ±%.1f%% only.",
                        timed.subject.name(),
                        timed.medians.size(),
                        100 * l.halfWidth()));
    return new LatencyResult(
        timed.distribution.runs() == 0 ? null : timed.distribution,
        Optional.of(relativeHalfWidth(timed)).filter(Double::isFinite),
        log.map(l -> Math.exp(l.mean())),
        log.map(StudentInterval::interval)
            .map(i -> new Interval(Math.exp(i.low()), Math.exp(i.high()))),
        (int) timed.medians.stream().filter(m -> !m.isNaN()).count(),
        Optional.ofNullable(timed.failure),
        doubt,
        timed.warnings);
  }
}
