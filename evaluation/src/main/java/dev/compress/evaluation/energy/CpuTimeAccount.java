package dev.compress.evaluation.energy;

import com.sun.management.OperatingSystemMXBean;
import dev.compress.energy.RunAccount;
import dev.compress.energy.RunEnergy;
import dev.compress.energy.TimeSource;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Estimates what a piece of work takes where there is no sensor: by the processor time of this
 * process and, on Linux, of the children that ended meanwhile, as {@link CpuTimeEstimate} does.
 */
public final class CpuTimeAccount implements RunAccount {
  private static final String OWN_TIMES = "proc/self/stat";
  private static final double NANOS = 1e9;

  /** The kernel tells times in hundredths of a second, whatever its own clock is. */
  private static final double TICKS_A_SECOND = 100;

  /** Where user and system time of the process, and of its children, stand behind its name. */
  private static final int FIRST_TIME = 11;

  private static final int TIMES = 4;

  private final MachineFiles files;
  private final TimeSource time;
  private final Supplier<CpuTimeEstimate> estimate;
  private final double cpuBefore;
  private final long start;
  private @Nullable RunEnergy result;

  CpuTimeAccount(MachineFiles files, TimeSource time, Supplier<CpuTimeEstimate> estimate) {
    this.files = files;
    this.time = time;
    this.estimate = estimate;
    this.cpuBefore = cpuSeconds();
    this.start = time.nanos();
  }

  /** Of this process, from now on. */
  public static CpuTimeAccount ofThisProcess() {
    return new CpuTimeAccount(
        MachineFiles.at(Path.of("/")), TimeSource.system(), CpuTimeEstimate::ofThisProcess);
  }

  @Override
  public synchronized RunEnergy stop() {
    if (result == null) {
      double wall = (time.nanos() - start) / NANOS;
      double cpu = cpuSeconds() - cpuBefore;
      result =
          cpuBefore < 0 || !(cpu > 0)
              ? RunEnergy.unavailable(wall, "The processor time of the process is not told here.")
              : RunEnergy.estimated(
                  estimate.get().estimate(new CpuTimeEstimate.Usage(cpu, wall, 1)), wall);
    }
    return result;
  }

  /** Negative where the system does not tell. */
  private double cpuSeconds() {
    String stat = files.find(OWN_TIMES).orElse("");
    // The name stands in brackets and may hold anything.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
    if (fields.length > FIRST_TIME + TIMES) {
      try {
        double ticks = 0;
        for (int i = FIRST_TIME; i < FIRST_TIME + TIMES; i++) {
          ticks += Long.parseLong(fields[i]);
        }
        return ticks / TICKS_A_SECOND;
      } catch (NumberFormatException e) {
        return -1;
      }
    }
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system.getProcessCpuTime() / NANOS
        : -1;
  }

  @Override
  public void close() {}
}
