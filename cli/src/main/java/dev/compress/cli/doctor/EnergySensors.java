package dev.compress.cli.doctor;

import dev.compress.cli.doctor.DoctorReport.Finding;
import dev.compress.cli.doctor.DoctorReport.State;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Looks whether the files of energy sensors exist and can be read. Nothing is measured: whether a
 * counter moves is not known from here.
 */
final class EnergySensors {
  private final Path root;
  private final Predicate<Path> readable;

  /**
   * The sensors of a machine.
   *
   * @param root the root folder
   * @param readable whether this user may read a file
   */
  EnergySensors(Path root, Predicate<Path> readable) {
    this.root = root;
    this.readable = readable;
  }

  /** All sources, found or not. */
  List<Finding> all() {
    return List.of(rapl(), perf(), hwmon(), battery());
  }

  private Finding rapl() {
    String name = "RAPL (powercap)";
    Path folder = root.resolve("sys/class/powercap");
    if (!Files.isDirectory(folder)) {
      return new Finding(name, State.ABSENT, "no " + folder, "");
    }
    List<Path> zones = entries(folder, "intel-rapl:*");
    if (zones.isEmpty()) {
      return new Finding(
          name,
          State.ABSENT,
          folder + " is empty: virtual machines have no counters, and containers mask them",
          "");
    }
    List<Path> counters =
        zones.stream().map(z -> z.resolve("energy_uj")).filter(Files::exists).toList();
    if (counters.stream().allMatch(readable)) {
      return new Finding(name, State.AVAILABLE, names(zones), "");
    }
    return new Finding(
        name,
        State.BLOCKED,
        names(zones) + ": RAPL exists but is unreadable (the kernel's default since CVE-2020-8694)",
        "Temporary: sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj. Persistent:"
            + " sysfs.conf mode class/powercap/intel-rapl:0/energy_uj = 0444. This re-opens a side"
            + " channel on shared hosts.");
  }

  /** The zones under the names that they give themselves: package-0, dram, psys. */
  private static String names(List<Path> zones) {
    return String.join(", ", zones.stream().map(z -> text(z.resolve("name"))).distinct().toList());
  }

  private Finding perf() {
    String name = "RAPL (perf events)";
    Path device = root.resolve("sys/bus/event_source/devices/power");
    if (!Files.isDirectory(device)) {
      return new Finding(name, State.ABSENT, "no " + device, "");
    }
    String paranoid = text(root.resolve("proc/sys/kernel/perf_event_paranoid"));
    boolean allowed = paranoid.equals("0") || paranoid.equals("-1");
    String events =
        String.join(
            ", ",
            entries(device.resolve("events"), "energy-*").stream()
                .map(p -> String.valueOf(p.getFileName()))
                .filter(e -> !e.contains("."))
                .toList());
    return allowed
        ? new Finding(name, State.AVAILABLE, events, "")
        : new Finding(
            name,
            State.BLOCKED,
            events + ": perf_event_paranoid is " + paranoid,
            "sudo sysctl kernel.perf_event_paranoid=0, or give Java the capability CAP_PERFMON.");
  }

  private Finding hwmon() {
    String name = "hwmon";
    List<String> found = new ArrayList<>();
    for (Path chip : entries(root.resolve("sys/class/hwmon"), "hwmon*")) {
      int sensors = entries(chip, "{energy,power}*_{input,average}").size();
      if (sensors > 0) {
        found.add(text(chip.resolve("name")) + " (" + sensors + ")");
      }
    }
    return found.isEmpty()
        ? new Finding(name, State.ABSENT, "no chip that measures power or energy", "")
        : new Finding(name, State.AVAILABLE, String.join(", ", found), "");
  }

  private Finding battery() {
    String name = "battery";
    for (Path battery : entries(root.resolve("sys/class/power_supply"), "BAT*")) {
      boolean measures =
          Files.exists(battery.resolve("power_now"))
              || Files.exists(battery.resolve("current_now"));
      String status = text(battery.resolve("status"));
      if (measures) {
        return status.equals("Discharging")
            ? new Finding(name, State.AVAILABLE, battery.getFileName() + ", discharging", "")
            : new Finding(
                name,
                State.BLOCKED,
                battery.getFileName() + " is " + status.toLowerCase(java.util.Locale.ROOT),
                "Pull the plug: it tells the consumption while it discharges only.");
      }
    }
    return new Finding(name, State.ABSENT, "none that tells its power", "");
  }

  private static List<Path> entries(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
        stream.forEach(found::add);
      } catch (IOException e) {
        return List.of();
      }
    }
    found.sort(null);
    return found;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return String.valueOf(file.getParent() == null ? file : file.getParent().getFileName());
    }
  }
}
