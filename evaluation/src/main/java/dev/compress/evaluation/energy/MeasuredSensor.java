package dev.compress.evaluation.energy;

import dev.compress.energy.Measured;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.Provenance;
import dev.compress.evaluation.energy.WindowTaker.Alignment;
import dev.compress.evaluation.energy.WindowTaker.Taken;
import dev.compress.evaluation.statistics.StudentInterval;
import dev.compress.metric.Interval;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A meter as it was found to count, and what follows: how long a window has to be, whether it is
 * aligned with the ticks, and how uncertain a number is.
 */
final class MeasuredSensor {
  /** Ticks shorter than this share of a window need no alignment: they are well below 1%. */
  private static final double SLOW_SHARE = 1e-3;

  /** Standard deviation of the staleness of two reads, as a share of the update period. */
  private static final double STALENESS = 1 / Math.sqrt(6);

  private static final double COVERAGE = 2;
  private static final double SETTLE_SHARE = 0.02;
  private static final double LONGEST_SETTLE_SECONDS = 0.5;

  private final MeterDescription description;
  private final EnergySettings settings;
  private SensorCalibration calibration = new SensorCalibration(List.of(Double.NaN), 0, Double.NaN);
  private double windowSeconds;
  private Alignment alignment = Alignment.NONE;
  private double staleSeconds;

  MeasuredSensor(MeterDescription description, EnergySettings settings) {
    this.description = description;
    this.settings = settings;
    this.windowSeconds = settings.minWindowSeconds();
  }

  void calibrate(SensorCalibration found) {
    calibration = found;
  }

  double slowestSeconds() {
    return calibration.slowestSeconds();
  }

  /** Fixes the windows once the power and the time of a run are known from the warm-up. */
  void decide(List<WorkloadState> states) {
    double slowest = calibration.slowestSeconds();
    double leastWatts = Double.POSITIVE_INFINITY;
    double longestRun = 0;
    int domain = 0;
    double mostStale = -1;
    for (WorkloadState state : states) {
      Taken warm = state.warm();
      if (warm == null) {
        continue;
      }
      leastWatts = Math.min(leastWatts, warm.watts());
      longestRun = Math.max(longestRun, warm.seconds() / warm.runs());
      for (int d = 0; d < warm.joules().size(); d++) {
        double period = period(d);
        double stale = warm.joules().get(d) / warm.seconds() * period;
        if (stale > mostStale) {
          mostStale = stale;
          domain = d;
        }
      }
    }
    double quantumSeconds =
        leastWatts > 0 && leastWatts < Double.POSITIVE_INFINITY
            ? calibration.quantumJoules() / leastWatts
            : 0;
    windowSeconds =
        Math.max(
            settings.minWindowSeconds(), Math.max(slowest, quantumSeconds) / settings.resolution());
    double period = period(domain);
    boolean aligned =
        description.traits().kind() == MeterTraits.Kind.COUNTER
            && period > SLOW_SHARE * windowSeconds
            && longestRun < period;
    alignment = aligned ? new Alignment(domain, period) : Alignment.NONE;
    staleSeconds = aligned ? longestRun : slowest;
  }

  private double period(int domain) {
    double period = calibration.periodsSeconds().get(domain);
    return Double.isNaN(period) ? calibration.lookedSeconds() : period;
  }

  double windowSeconds() {
    return windowSeconds;
  }

  Alignment alignment() {
    return alignment;
  }

  /** For one-second blocks: on the slowest domain that ticks within a block. */
  Alignment warmUpAlignment(double secondsPerRun) {
    if (description.traits().kind() != MeterTraits.Kind.COUNTER) {
      return Alignment.NONE;
    }
    Alignment slowest = Alignment.NONE;
    for (int d = 0; d < calibration.periodsSeconds().size(); d++) {
      double period = calibration.periodsSeconds().get(d);
      if (period > SLOW_SHARE && period < 0.5 && period > slowest.periodSeconds()) {
        slowest = new Alignment(d, period);
      }
    }
    return secondsPerRun < slowest.periodSeconds() ? slowest : Alignment.NONE;
  }

  /** Before a window the machine has to forget the workload before. */
  double settleSeconds() {
    return Math.min(LONGEST_SETTLE_SECONDS, SETTLE_SHARE * windowSeconds);
  }

  /** Why a window's joules cannot be right; null if they can. */
  @Nullable String fault(Taken taken) {
    if (!(taken.total() > 0)) {
      return "the counter did not move in " + taken.seconds() + " s";
    }
    for (int d = 0; d < taken.joules().size(); d++) {
      double watts = taken.joules().get(d) / taken.seconds();
      if (watts < 0 || watts > description.traits().highestPlausibleWatts()) {
        return description.domains().get(d) + " claims " + watts + " W";
      }
    }
    return null;
  }

  /** Joules a sample, with what the sensor's staleness and quantum add to the statistics. */
  StudentInterval interval(WorkloadState state) {
    StudentInterval statistical =
        StudentInterval.of(state.joulesPerSample(), StudentInterval.FOR_STOPPING);
    return statistical.plus(COVERAGE * resolutionJoules(state));
  }

  /** Standard uncertainty of the mean that staleness and quantum make, a sample. */
  private double resolutionJoules(WorkloadState state) {
    double sum = 0;
    for (Window window : state.counted()) {
      double perSample =
          Math.hypot(window.watts() * staleSeconds, calibration.quantumJoules())
              * STALENESS
              / state.samples(window);
      sum += perSample * perSample;
    }
    return Math.sqrt(sum) / state.count();
  }

  Measured reading(WorkloadState state, IdleBaseline idle) {
    StudentInterval total = interval(state);
    boolean narrow = total.relative() <= settings.targetHalfWidth();
    boolean stable = narrow && state.count() >= settings.fewestRounds() && state.isSound();
    List<String> warnings = new ArrayList<>(state.warnings());
    if (!narrow) {
      warnings.add(
          String.format(
              java.util.Locale.ROOT,
              "UNSTABLE: after %d windows the interval is still ± %.1f%%, not ± %.1f%%",
              state.count(),
              100 * total.relative(),
              100 * settings.targetHalfWidth()));
    }
    if (calibration.isUncertain()) {
      warnings.add(
          "the sensor was not seen to change twice in "
              + calibration.lookedSeconds()
              + " s: its update period is unknown");
    }
    for (String disturbance : idle.disturbances()) {
      warnings.add("the idle baseline was disturbed: " + disturbance);
    }
    double resolution = resolutionJoules(state);
    double combined = Math.hypot(total.standardError(), resolution);
    Measured.Idle net = idle.isKnown() ? net(state, idle) : null;
    if (net != null) {
      double perSample = secondsPerSample(state) * idle.standardUncertaintyWatts();
      combined = Math.hypot(combined, perSample);
    }
    return new Measured(
        total.mean(),
        total.interval(),
        COVERAGE * combined,
        net,
        state.joulesPerSample(),
        stable,
        new Provenance(
            description.source(),
            description.title(),
            description.domains(),
            description.scope(),
            new Provenance.SensorTiming(
                calibration.isUncertain() ? Double.NaN : calibration.slowestSeconds(),
                calibration.quantumJoules(),
                alignment.isOn()),
            new Provenance.Windows(
                state.count(),
                state.rejected(),
                state.samples(),
                state.counted().stream().mapToDouble(Window::seconds).average().orElse(0))),
        warnings);
  }

  /** {@code E_net = (Delta - P_idle W) / N}, {@code u^2 = u^2(Delta) + W^2 u^2(P_idle)}. */
  private Measured.Idle net(WorkloadState state, IdleBaseline idle) {
    List<Double> nets = new ArrayList<>();
    for (Window window : state.counted()) {
      nets.add((window.totalJoules() - idle.watts() * window.seconds()) / state.samples(window));
    }
    double stale =
        idle.watts() * Math.max(staleSeconds, 0) * STALENESS / windowSeconds; // of the baseline
    double drift = idle.standardUncertaintyWatts();
    // Of a drift that is not known, the interval holds nothing: the drift is null beside it.
    double baseline = secondsPerSample(state) * Math.hypot(Double.isNaN(drift) ? 0 : drift, stale);
    StudentInterval net =
        StudentInterval.of(nets, StudentInterval.FOR_STOPPING)
            .plus(Math.hypot(COVERAGE * resolutionJoules(state), COVERAGE * baseline));
    Interval interval = net.interval();
    return new Measured.Idle(idle.watts(), idle.driftWatts(), net.mean(), interval);
  }

  private static double secondsPerSample(WorkloadState state) {
    double seconds = state.counted().stream().mapToDouble(Window::seconds).sum();
    return seconds / state.samples();
  }
}
