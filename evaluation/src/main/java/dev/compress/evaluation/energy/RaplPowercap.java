package dev.compress.evaluation.energy;

import dev.compress.energy.CounterMeter;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Running average power limit counters of x86 processors, through the kernel's powercap folders.
 *
 * <p>Zones are known by their {@code name} files and not by their numbers, which are hexadecimal
 * and no package numbers. Summed are the packages and the memory beside them ({@code dram}); cores
 * and uncore are parts of a package, and psys holds the packages, so these are left out, as is the
 * second view of the same counters that {@code intel-rapl-mmio} gives.
 */
final class RaplPowercap {
  /** The name by which it is asked for. */
  static final String SOURCE = "rapl";

  /** What to do about counters that only root may read. */
  static final String ADVICE =
      "Temporary: `sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj`. Persistent:"
          + " sysfs.conf `mode class/powercap/intel-rapl:0/energy_uj = 0444`. This re-opens a side"
          + " channel on shared hosts.";

  static final String FORBIDDEN =
      "RAPL exists but is unreadable (the kernel's default since CVE-2020-8694)";

  private static final String FOLDER = "sys/class/powercap";
  private static final Pattern ZONE = Pattern.compile("intel-rapl:[0-9a-f]+");
  private static final Pattern MMIO_ZONE = Pattern.compile("intel-rapl-mmio:[0-9a-f]+");
  private static final double MICRO = 1e-6;
  private static final double REGISTER = 4294967295.0; // 2^32 - 1 steps until it wraps

  /** No package reaches this. */
  private static final double HIGHEST_WATTS = 1500;

  private final MachineFiles files;
  private final TimeSource time;

  RaplPowercap(MachineFiles files, TimeSource time) {
    this.files = files;
    this.time = time;
  }

  /** A zone's folder and what it is called. */
  private record Zone(String folder, String domain) {}

  SensorFinding find() {
    if (!files.isFolder(FOLDER)) {
      return new SensorFinding.Absent(
          SOURCE, "no /" + FOLDER + ": no such counters, or a kernel without powercap");
    }
    List<Zone> zones = zones(ZONE);
    if (zones.isEmpty()) {
      zones = zones(MMIO_ZONE);
    }
    if (zones.isEmpty()) {
      return new SensorFinding.Absent(
          SOURCE,
          "/" + FOLDER + " is empty: virtual machines have no counters, and containers mask them");
    }
    String names = String.join(", ", zones.stream().map(Zone::domain).toList());
    for (Zone zone : zones) {
      try {
        files.number(zone.folder() + "/energy_uj");
      } catch (IOException e) {
        boolean forbidden = e instanceof java.nio.file.AccessDeniedException;
        return new SensorFinding.Unreadable(
            SOURCE,
            names + ": " + (forbidden ? FORBIDDEN : zone.domain() + " gives no value: " + e),
            forbidden
                ? ADVICE
                : "Look with `sudo cat /"
                    + zone.folder()
                    + "/energy_uj`, and into the kernel's log.");
      }
    }
    List<Zone> found = zones;
    return new SensorFinding.Found(SOURCE, names + " in /" + FOLDER, () -> open(found));
  }

  private List<Zone> zones(Pattern top) {
    Map<String, String> packages = new LinkedHashMap<>();
    Map<String, String> whole = new LinkedHashMap<>();
    for (String entry : files.list(FOLDER)) {
      if (!top.matcher(entry).matches()) {
        continue;
      }
      String folder = FOLDER + "/" + entry;
      String name = files.find(folder + "/name").orElse("");
      if (name.startsWith("psys")) {
        whole.putIfAbsent(name, folder);
      } else if (name.startsWith("package") || name.startsWith("dram")) {
        packages.putIfAbsent(name, folder);
      }
    }
    List<Zone> zones = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    packages.forEach(
        (name, folder) -> {
          add(zones, seen, new Zone(folder, name));
          memory(folder, name).forEach(zone -> add(zones, seen, zone));
        });
    if (zones.isEmpty()) {
      whole.forEach((name, folder) -> add(zones, seen, new Zone(folder, name)));
    }
    return zones;
  }

  private static void add(List<Zone> zones, Set<String> seen, Zone zone) {
    if (seen.add(zone.domain())) {
      zones.add(zone);
    }
  }

  /** A package's memory controller: a child zone of the name dram. */
  private List<Zone> memory(String folder, String packageName) {
    String zone = folder.substring(folder.lastIndexOf('/') + 1);
    List<Zone> found = new ArrayList<>();
    for (String parent : List.of(folder, FOLDER)) { // the class folder shows children as well
      for (String entry : files.list(parent)) {
        String child = parent + "/" + entry;
        if (found.isEmpty()
            && entry.startsWith(zone + ":")
            && files.find(child + "/name").orElse("").equals("dram")) {
          found.add(new Zone(child, packageName.replaceFirst("package", "dram")));
        }
      }
    }
    return found;
  }

  private CounterMeter open(List<Zone> zones) {
    List<RawCounter> counters = new ArrayList<>();
    double smallestRange = Double.POSITIVE_INFINITY;
    double quantum = MICRO;
    boolean memory = false;
    for (Zone zone : zones) {
      long range = range(zone);
      double step = Math.max(1, range / REGISTER);
      if (range > 0) {
        smallestRange = Math.min(smallestRange, range * MICRO);
        quantum = Math.max(quantum, step * MICRO);
      }
      memory |= zone.domain().startsWith("dram");
      counters.add(
          new RawCounter(
              zone.domain(), () -> files.number(zone.folder() + "/energy_uj"), MICRO, range, step));
    }
    MeterTraits traits =
        new MeterTraits(
            MeterTraits.Kind.COUNTER,
            MICRO,
            quantum,
            0,
            HIGHEST_WATTS,
            smallestRange / 2 / HIGHEST_WATTS);
    String scope =
        "the processor packages"
            + (memory ? " and their memory" : ", without memory")
            + "; not the board, disks, fans, other devices or the power supply's losses";
    return new CounterMeter(
        new MeterDescription(
            SOURCE, "RAPL (powercap)", zones.stream().map(Zone::domain).toList(), scope, traits),
        counters,
        time,
        () -> {});
  }

  /** Where the counter wraps; 0 if that cannot be read, and then a wrap is an error. */
  private long range(Zone zone) {
    try {
      return Math.max(0, files.number(zone.folder() + "/max_energy_range_uj"));
    } catch (IOException e) {
      return 0;
    }
  }
}
