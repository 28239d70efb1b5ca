package dev.compress.evaluation.energy;

import dev.compress.energy.CounterMeter;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.SampledPowerMeter;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * Sensors of the kernel's hwmon folders: the counters of {@code amd_energy}, the power monitors on
 * boards (INA219, INA226, INA3221 and their like, with Jetson's rails) and {@code
 * acpi_power_meter}. A whole board is preferred to a processor.
 */
final class Hwmon {
  /** The name by which it is asked for. */
  static final String SOURCE = "hwmon";

  private static final String FOLDER = "sys/class/hwmon";
  private static final double MICRO = 1e-6;

  private final MachineFiles files;
  private final TimeSource time;

  Hwmon(MachineFiles files, TimeSource time) {
    this.files = files;
    this.time = time;
  }

  /** A chip's folder and the name that it gives itself. */
  private record Chip(String folder, String name) {}

  /** One of its counters. */
  private record Counter(String domain, String file) {}

  SensorFinding find() {
    List<Chip> chips = new ArrayList<>();
    for (String entry : files.list(FOLDER)) {
      String folder = FOLDER + "/" + entry;
      files.find(folder + "/name").ifPresent(name -> chips.add(new Chip(folder, name)));
    }
    List<PowerRail> acpi = acpi(chips);
    if (!acpi.isEmpty()) {
      return power(acpi, "ACPI power meter");
    }
    List<PowerRail> monitors = new ArrayList<>();
    for (Chip chip : chips) {
      if (chip.name().startsWith("ina")) {
        monitors.addAll(InaRails.ofHwmon(files, chip.folder(), chip.name()));
      }
    }
    if (monitors.isEmpty()) {
      monitors.addAll(InaRails.ofOldJetson(files));
    }
    if (!monitors.isEmpty()) {
      return power(InaRails.withoutDoubleCounting(monitors), "power monitors on the board");
    }
    for (Chip chip : chips) {
      if (chip.name().equals("amd_energy")) {
        return amd(chip);
      }
    }
    TreeSet<String> others = new TreeSet<>();
    chips.forEach(c -> others.add(c.name()));
    return new SensorFinding.Absent(
        SOURCE,
        "no chip that measures the power of the processor or the board"
            + (others.isEmpty() ? "" : " among " + String.join(", ", others)));
  }

  private SensorFinding amd(Chip chip) {
    List<Counter> sockets = new ArrayList<>();
    for (String entry : files.list(chip.folder())) {
      if (entry.matches("energy\\d+_label")) {
        String label = files.find(chip.folder() + "/" + entry).orElse("");
        if (label.startsWith("Esocket")) { // cores are parts of a socket
          sockets.add(
              new Counter(
                  "package-" + label.substring("Esocket".length()),
                  chip.folder() + "/" + entry.replace("_label", "_input")));
        }
      }
    }
    if (sockets.isEmpty()) {
      return new SensorFinding.Absent(SOURCE, "amd_energy in /" + chip.folder() + " has no socket");
    }
    String names = String.join(", ", sockets.stream().map(Counter::domain).toList());
    for (Counter socket : sockets) {
      try {
        files.number(socket.file());
      } catch (IOException e) {
        return new SensorFinding.Unreadable(
            SOURCE,
            "amd_energy: " + names + " cannot be read",
            "sudo chmod a+r /" + chip.folder() + "/energy*_input");
      }
    }
    return new SensorFinding.Found(SOURCE, "amd_energy: " + names, () -> openAmd(sockets));
  }

  /** The driver adds up in 64 bits, so these counters never wrap. */
  private CounterMeter openAmd(List<Counter> sockets) {
    return new CounterMeter(
        new MeterDescription(
            SOURCE,
            "amd_energy (hwmon)",
            sockets.stream().map(Counter::domain).toList(),
            "the processor sockets, without memory; not the board, disks, fans, other devices or"
                + " the power supply's losses",
            MeterTraits.counter(MICRO)),
        sockets.stream()
            .map(s -> new RawCounter(s.domain(), () -> files.number(s.file()), MICRO))
            .toList(),
        time,
        () -> {});
  }

  private SensorFinding power(List<PowerRail> rails, String title) {
    String names = String.join(", ", rails.stream().map(PowerRail::domain).toList());
    for (PowerRail rail : rails) {
      try {
        rail.probe().watts();
      } catch (IOException e) {
        return new SensorFinding.Unreadable(
            SOURCE,
            title + ": " + rail.domain() + " gives no value: " + e.getMessage(),
            e instanceof java.nio.file.AccessDeniedException
                ? "sudo chmod a+r /" + rail.file()
                : "Look with `sudo cat /" + rail.file() + "`; a channel may be switched off.");
      }
    }
    double sampling = rails.stream().mapToDouble(PowerRail::samplingSeconds).max().orElse(1);
    MeterDescription description =
        new MeterDescription(
            SOURCE,
            title + " (hwmon)",
            rails.stream().map(PowerRail::domain).toList(),
            rails.stream().allMatch(PowerRail::isTotal)
                ? "all that the meter feeds: " + names
                : "the rails " + names + ", which are not the whole board",
            MeterTraits.power(sampling));
    return new SensorFinding.Found(
        SOURCE,
        title + ": " + names,
        () -> new SampledPowerMeter(description, () -> watts(rails), time, () -> {}));
  }

  private static double[] watts(List<PowerRail> rails) throws IOException {
    double[] watts = new double[rails.size()];
    for (int i = 0; i < watts.length; i++) {
      watts[i] = rails.get(i).probe().watts();
    }
    return watts;
  }

  /**
   * Meters that firmware describes. On Grace there are several and one holds the others: a module
   * holds its Grace socket, which holds the processor.
   */
  private List<PowerRail> acpi(List<Chip> chips) {
    List<PowerRail> meters = new ArrayList<>();
    for (Chip chip : chips) {
      String file = chip.folder() + "/power1_average";
      if (!chip.name().equals("power_meter") || files.find(file).isEmpty()) {
        continue;
      }
      String info = files.find(chip.folder() + "/power1_oem_info").orElse("");
      double interval =
          files
              .find(chip.folder() + "/power1_average_interval")
              .map(t -> Double.parseDouble(t) / 1000)
              .filter(seconds -> seconds > 0)
              .orElse(1.0);
      String name = info.isBlank() ? "power meter " + meters.size() : info;
      meters.add(new PowerRail(name, file, () -> files.number(file) * MICRO, true, interval));
    }
    for (String holder : List.of("module", "grace")) {
      List<PowerRail> holding =
          meters.stream()
              .filter(m -> m.domain().toLowerCase(Locale.ROOT).contains(holder))
              .toList();
      if (!holding.isEmpty()) {
        return holding;
      }
    }
    return meters;
  }
}
