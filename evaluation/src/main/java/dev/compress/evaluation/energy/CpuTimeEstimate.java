package dev.compress.evaluation.energy;

import com.sun.management.OperatingSystemMXBean;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.TimeSource;
import dev.compress.energy.Unavailable;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Energy where there is no sensor, by processor time: for n virtual processors, t seconds and c
 * seconds of processor time {@code E = n t W_idle + c (W_busy - W_idle)}, the formula of Cloud
 * Carbon Footprint. Its low end is what the work adds, {@code c (W_busy - W_idle)}, its high end
 * all processors busy, {@code n t W_busy}; if the processor's family is unknown, with the least and
 * the most of all families.
 *
 * <p>It is no measurement: it knows neither instructions nor memory nor clocks, so two variants
 * differ by their time alone.
 */
public final class CpuTimeEstimate {
  /** The model's name. */
  public static final String MODEL = "cpu-time (Cloud Carbon Footprint coefficients)";

  private static final double NANOS = 1e9;
  private static final String SCOPE =
      "the virtual processors of this machine; not memory, disks, accelerators or cooling";

  /** Of a window: shorter ones tell of starting and stopping the runs, and of the tick. */
  public static final double LEAST_SECONDS = 0.1;

  /** Linux tells a process's time in steps of this. */
  private static final double TICK_SECONDS = 0.01;

  private final CpuPowerModel power;
  private final int processors;
  private final TimeSource time;
  private final LongSupplier cpuNanos;

  /**
   * What a workload used.
   *
   * @param cpuSeconds processor time of this process
   * @param wallSeconds time that passed
   * @param samples inferred meanwhile
   */
  public record Usage(double cpuSeconds, double wallSeconds, long samples) {}

  CpuTimeEstimate(CpuPowerModel power, int processors, TimeSource time, LongSupplier cpuNanos) {
    this.power = power;
    this.processors = processors;
    this.time = time;
    this.cpuNanos = cpuNanos;
  }

  /** For this machine and work that is done in this process. */
  public static CpuTimeEstimate ofThisProcess() {
    return of(
        () ->
            ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean
                ? bean.getProcessCpuTime()
                : -1);
  }

  /** For this machine and work that is done in another process on it. */
  public static CpuTimeEstimate of(ProcessHandle process) {
    return of(() -> process.info().totalCpuDuration().map(Duration::toNanos).orElse(-1L));
  }

  private static CpuTimeEstimate of(LongSupplier cpuNanos) {
    return new CpuTimeEstimate(
        CpuPowerModel.of(MachineFiles.at(Path.of("/"))),
        Runtime.getRuntime().availableProcessors(),
        TimeSource.system(),
        cpuNanos);
  }

  /**
   * Runs a workload for a while and estimates.
   *
   * @param workload warmed up
   * @param seconds how long at least
   */
  public EnergyReading estimate(Workload workload, double seconds) {
    // In few large requests: each has a cost of its own, which is not the model's.
    double perRun = secondsPerRun(workload, seconds);
    long cpuBefore = cpuNanos.getAsLong();
    long start = time.nanos();
    long runs = 0;
    for (double left = seconds; left > 0; left = seconds - (time.nanos() - start) / NANOS) {
      long chunk = (long) Math.max(1, Math.ceil(left / perRun));
      workload.load().run(chunk);
      runs += chunk;
    }
    double wall = (time.nanos() - start) / NANOS;
    long cpuAfter = cpuNanos.getAsLong();
    if (cpuBefore < 0 || cpuAfter <= cpuBefore) {
      return new Unavailable("The processor time of the process is not told here.");
    }
    return estimate(
        new Usage((cpuAfter - cpuBefore) / NANOS, wall, runs * workload.samplesPerRun()));
  }

  /** By requests that double until one takes an eighth of the window. */
  private double secondsPerRun(Workload workload, double seconds) {
    for (long runs = 1; ; runs *= 2) {
      long start = time.nanos();
      workload.load().run(runs);
      double passed = (time.nanos() - start) / NANOS;
      if (passed >= seconds / 8 || runs > Long.MAX_VALUE / 4) {
        return Math.max(passed / runs, 1e-9);
      }
    }
  }

  /**
   * Estimates.
   *
   * @param usage of a workload
   */
  public Estimated estimate(Usage usage) {
    double atMost = processors * usage.wallSeconds();
    double cpu = Math.min(usage.cpuSeconds(), atMost);
    double samples = usage.samples();
    double central = atMost * power.idleWatts() + cpu * (power.busyWatts() - power.idleWatts());
    double surely = Math.max(0, cpu - TICK_SECONDS);
    double low = Math.min(central, surely * power.leastAddedWatts());
    double high = Math.max(central, atMost * power.mostWatts());
    List<String> warnings = new ArrayList<>();
    warnings.add("estimated from processor time, not measured");
    if (!power.known()) {
      warnings.add("this processor's family is not in the model: an average is taken");
    }
    return new Estimated(
        low / samples,
        central / samples,
        high / samples,
        MODEL + ", " + power.family(),
        SCOPE,
        usage.samples(),
        warnings);
  }
}
