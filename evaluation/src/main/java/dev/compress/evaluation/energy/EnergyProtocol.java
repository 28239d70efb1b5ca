package dev.compress.evaluation.energy;

import dev.compress.energy.DisturbanceWatch;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.TimeSource;
import dev.compress.energy.Unavailable;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.evaluation.energy.WindowTaker.Taken;
import dev.compress.evaluation.energy.WorkloadState.WorkloadFailedException;
import dev.compress.progress.Progress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Measures joules a sample of several workloads with one meter.
 *
 * <ol>
 *   <li>The meter is looked at for its update period and its quantum.
 *   <li>Every workload warms up until its last three seconds differ by less than 2% in latency and
 *       in power.
 *   <li>Windows are {@code W >= max(W_min, T_u / eps, q / (P eps))} long; those of a slow counter
 *       begin and end on a tick.
 *   <li>Idle baselines of the same length before and after.
 *   <li>Rounds of one window a workload, in an order by seed and then the same backwards (A B, B
 *       A), until every interval is narrow enough, looked at after every round: see {@link
 *       dev.compress.evaluation.statistics.StudentInterval} for what that costs the interval.
 *   <li>A window that was disturbed is taken again.
 * </ol>
 *
 * <p>A meter that fails is asked again; one that goes on failing ends the measurement, and what
 * there is by then is told with a warning. A workload that throws is left out from there on.
 */
public final class EnergyProtocol {
  private static final double CALIBRATION_SECONDS = 3;
  private static final int MOST_ATTEMPTS = 4;
  private static final double NANOS = 1e9;

  private final EnergyMeter meter;
  private final TimeSource time;
  private final EnergySettings settings;
  private final List<DisturbanceWatch> watches;
  private final WindowListener listener;

  /**
   * A protocol.
   *
   * @param meter stays open
   * @param time the meter's
   * @param settings how long and how finely
   * @param watches what would disturb a window
   * @param listener told of every window
   */
  public EnergyProtocol(
      EnergyMeter meter,
      TimeSource time,
      EnergySettings settings,
      List<DisturbanceWatch> watches,
      WindowListener listener) {
    this.meter = meter;
    this.time = time;
    this.settings = settings;
    this.watches = List.copyOf(watches);
    this.listener = listener;
  }

  /**
   * Measures.
   *
   * @param workloads the first is the baseline
   * @param progress told the rounds; asked whether to stop
   * @throws IllegalArgumentException if there are no workloads
   * @throws dev.compress.error.CancelledException if the caller stopped it
   */
  public EnergyResult measure(List<Workload> workloads, Progress progress) {
    if (workloads.isEmpty()) {
      throw new IllegalArgumentException("Nothing to measure");
    }
    long start = time.nanos();
    Run run = new Run(workloads, progress);
    try {
      run.prepare();
      run.rounds();
    } catch (SensorLostException e) {
      run.lose(String.valueOf(e.getMessage()));
    }
    return run.result((time.nanos() - start) / NANOS);
  }

  /** The meter failed so often in a row that it is gone. */
  private static final class SensorLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SensorLostException(String message) {
      super(message);
    }
  }

  /** One measurement. */
  private final class Run {
    private final List<WorkloadState> states = new ArrayList<>();
    private final List<Window> windows = new ArrayList<>();
    private final Progress progress;
    private final WindowTaker taker;
    private final MeasuredSensor sensor;
    private final IdleBaseline idle = new IdleBaseline();
    private int rounds;

    Run(List<Workload> workloads, Progress progress) {
      workloads.forEach(w -> states.add(new WorkloadState(w)));
      this.progress = progress;
      this.taker = new WindowTaker(meter, time, progress);
      this.sensor = new MeasuredSensor(meter.description(), settings);
    }

    void prepare() {
      progress.begin("energy", settings.mostRounds());
      try {
        sensor.calibrate(SensorCalibration.of(meter, time, CALIBRATION_SECONDS));
      } catch (DeviceUnavailableException e) {
        throw new SensorLostException(String.valueOf(e.getMessage()));
      }
      for (WorkloadState state : states) {
        guarded(
            state,
            () -> new WarmUp(taker, sensor, time, settings.longestWarmupSeconds()).run(state));
      }
      sensor.decide(states);
      baseline();
    }

    /** Whatever a workload throws is its own end; whatever the meter throws for good is ours. */
    private void guarded(WorkloadState state, Runnable work) {
      if (state.isBroken()) {
        return;
      }
      try {
        work.run();
      } catch (WorkloadFailedException e) {
        state.fail(e);
      } catch (DeviceUnavailableException e) {
        throw new SensorLostException(String.valueOf(e.getMessage()));
      }
    }

    private void baseline() {
      for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        begin();
        try {
          Taken taken = taker.idle(sensor.windowSeconds(), sensor.alignment());
          List<String> disturbed = disturbances();
          if (disturbed.isEmpty() || attempt == MOST_ATTEMPTS - 1) {
            idle.add(taken, disturbed);
            return;
          }
        } catch (DeviceUnavailableException e) {
          if (attempt == MOST_ATTEMPTS - 1) {
            throw new SensorLostException(String.valueOf(e.getMessage()));
          }
        }
      }
    }

    void rounds() {
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < states.size(); i++) {
        order.add(i);
      }
      Random random = new Random(settings.seed());
      while (rounds < settings.mostRounds() && states.stream().anyMatch(s -> !s.isBroken())) {
        if (rounds % 2 == 0) {
          Collections.shuffle(order, random);
        } else {
          Collections.reverse(order);
        }
        for (int i : order) {
          guarded(states.get(i), () -> slot(i));
        }
        rounds++;
        progress.advance(1);
        if (rounds >= settings.fewestRounds() && states.stream().allMatch(this::isDone)) {
          break;
        }
      }
      baseline();
    }

    private boolean isDone(WorkloadState state) {
      return state.isBroken() || sensor.interval(state).relative() <= settings.targetHalfWidth();
    }

    /** One workload's turn in a round: attempts until one window counts. */
    private void slot(int index) {
      WorkloadState state = states.get(index);
      taker.settle(state.load(), sensor.settleSeconds());
      for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        boolean last = attempt == MOST_ATTEMPTS - 1;
        progress.check();
        listener.begins(index, rounds);
        begin();
        Window window;
        try {
          Taken taken = taker.take(state.load(), sensor.windowSeconds(), sensor.alignment());
          List<String> disturbed = disturbances();
          String fault = sensor.fault(taken);
          if (fault != null) {
            disturbed.add(fault);
          }
          boolean counts = disturbed.isEmpty() || (last && fault == null);
          window =
              new Window(
                  index, rounds, taken.seconds(), taken.runs(), taken.joules(), disturbed, counts);
        } catch (DeviceUnavailableException e) {
          String message = String.valueOf(e.getMessage());
          window = new Window(index, rounds, 0, 0, List.of(), List.of(message), false);
        }
        windows.add(window);
        state.add(window);
        listener.ends(window);
        if (window.counts()) {
          return;
        }
      }
      throw new SensorLostException(
          String.join("; ", windows.get(windows.size() - 1).disturbances()));
    }

    private void begin() {
      watches.forEach(DisturbanceWatch::begin);
    }

    private List<String> disturbances() {
      List<String> all = new ArrayList<>();
      watches.forEach(w -> w.end().ifPresent(all::add));
      return all;
    }

    void lose(String message) {
      for (WorkloadState state : states) {
        if (!state.isBroken()) {
          state.lose(message);
        }
      }
    }

    EnergyResult result(double seconds) {
      List<EnergyReading> readings = new ArrayList<>();
      for (WorkloadState state : states) {
        readings.add(
            state.count() < 2
                ? new Unavailable(state.reason(), state.warnings())
                : sensor.reading(state, idle));
      }
      return new EnergyResult(readings, windows, rounds, seconds);
    }
  }
}
