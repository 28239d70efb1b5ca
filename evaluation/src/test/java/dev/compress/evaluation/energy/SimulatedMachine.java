package dev.compress.evaluation.energy;

import dev.compress.energy.CounterMeter;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.SimulatedTime;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/**
 * A machine whose power is known: it takes {@code idleWatts} when nothing runs and a workload's own
 * power while it runs, and a counter shows the joules of the last tick in millijoules.
 */
final class SimulatedMachine implements WindowListener {
  private static final long SECOND = 1_000_000_000L;

  final SimulatedTime time;
  private final double idleWatts;
  private final long tickNanos;
  private final double noise;
  private final Random random;
  private double factor = 1;
  private double tickFactor = 1;
  private double joules;
  private long accountedNanos;
  private double shown;
  private double watts;
  double tickNoise;
  boolean gone;
  boolean still;
  double extraJoulesAtNextRead;

  /**
   * A machine.
   *
   * @param seed of the phase of the ticks and of the noise
   * @param tickSeconds between two changes of the counter
   * @param noise standard deviation of a window's power, as a share
   */
  SimulatedMachine(long seed, double idleWatts, double tickSeconds, double noise) {
    this.random = new Random(seed);
    this.tickNanos = (long) (tickSeconds * SECOND);
    this.time = new SimulatedTime((long) (random.nextDouble() * tickNanos));
    this.accountedNanos = time.nanos();
    this.idleWatts = idleWatts;
    this.watts = idleWatts;
    this.noise = noise;
  }

  /** A workload whose runs take a time and a power. */
  Workload workload(String name, double secondsPerRun, double power) {
    long nanos = (long) (secondsPerRun * SECOND);
    return new Workload(
        name,
        1,
        runs -> {
          account();
          watts = power * factor;
          time.pause(runs * nanos);
          account();
          watts = idleWatts;
        });
  }

  /** A new window has a power of its own. */
  @Override
  public void begins(int workload, int round) {
    account();
    factor = 1 + noise * random.nextGaussian();
  }

  @Override
  public void ends(Window window) {
    account();
    factor = 1;
  }

  CounterMeter meter() {
    MeterDescription description =
        new MeterDescription(
            "synthetic",
            "synthetic counter",
            List.of("?"),
            "all",
            new MeterTraits(
                MeterTraits.Kind.COUNTER, 1e-3, 1e-3, 0, 1000, Double.POSITIVE_INFINITY));
    return new CounterMeter(
        description, List.of(new RawCounter("board", this::read, 1e-3)), time, () -> {});
  }

  private long read() throws IOException {
    if (gone) {
      throw new IOException("GPU is lost");
    }
    account();
    joules += extraJoulesAtNextRead;
    shown += extraJoulesAtNextRead;
    extraJoulesAtNextRead = 0;
    time.pause(3_000); // what a call into a driver takes
    return (long) (shown * 1e3);
  }

  /** Adds up the power since the last time, tick by tick, and shows the sum of the last tick. */
  private void account() {
    long now = time.nanos();
    while (accountedNanos < now) {
      long nextTick = (accountedNanos / tickNanos + 1) * tickNanos;
      long until = Math.min(now, nextTick);
      joules += watts * tickFactor * (until - accountedNanos) / SECOND;
      accountedNanos = until;
      if (until == nextTick) {
        shown = still ? shown : joules;
        tickFactor = 1 + tickNoise * random.nextGaussian();
      }
    }
  }
}
