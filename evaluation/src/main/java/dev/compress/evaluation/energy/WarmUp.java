package dev.compress.evaluation.energy;

import dev.compress.energy.TimeSource;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.evaluation.energy.WindowTaker.Taken;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.ToDoubleFunction;

/**
 * Runs a workload until it is steady: the last three one-second blocks differ by less than 2% in
 * latency and in power.
 */
final class WarmUp {
  private static final double BLOCK_SECONDS = 1;
  private static final int BLOCKS = 3;
  private static final double STEADY = 0.02;
  private static final int MOST_FAILURES = 3;
  private static final double NANOS = 1e9;

  private final WindowTaker taker;
  private final MeasuredSensor sensor;
  private final TimeSource time;
  private final double longestSeconds;

  WarmUp(WindowTaker taker, MeasuredSensor sensor, TimeSource time, double longestSeconds) {
    this.taker = taker;
    this.sensor = sensor;
    this.time = time;
    this.longestSeconds = longestSeconds;
  }

  void run(WorkloadState state) {
    long end = time.nanos() + (long) (longestSeconds * NANOS);
    Deque<Taken> last = new ArrayDeque<>();
    int failures = 0;
    DeviceUnavailableException failure = null;
    // Sensors that are slower than a block show no power in it.
    boolean power = sensor.slowestSeconds() <= BLOCK_SECONDS / 2;
    double perRun = taker.settle(state.load(), BLOCK_SECONDS / 10);
    do {
      try {
        last.addLast(taker.take(state.load(), BLOCK_SECONDS, sensor.warmUpAlignment(perRun)));
        failures = 0;
      } catch (DeviceUnavailableException e) {
        failure = e;
        if (++failures >= MOST_FAILURES) {
          throw e;
        }
      }
      if (last.size() > BLOCKS) {
        last.removeFirst();
      }
    } while (!isSteady(last, power) && time.nanos() < end);
    if (last.isEmpty()) {
      throw failure == null
          ? new DeviceUnavailableException("The sensor gave nothing during the warm-up.")
          : failure;
    }
    state.warm(last.getLast(), isSteady(last, power));
  }

  private static boolean isSteady(Deque<Taken> last, boolean power) {
    return last.size() == BLOCKS
        && spread(last, t -> t.seconds() / t.runs()) < STEADY
        && (!power || spread(last, Taken::watts) < STEADY);
  }

  private static double spread(Deque<Taken> blocks, ToDoubleFunction<Taken> value) {
    double low = Double.POSITIVE_INFINITY;
    double high = 0;
    for (Taken block : blocks) {
      low = Math.min(low, value.applyAsDouble(block));
      high = Math.max(high, value.applyAsDouble(block));
    }
    return low > 0 ? (high - low) / low : Double.POSITIVE_INFINITY;
  }
}
