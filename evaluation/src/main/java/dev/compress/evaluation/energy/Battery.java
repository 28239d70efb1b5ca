package dev.compress.evaluation.energy;

import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.SampledPowerMeter;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A battery's own meter: the whole machine, display included, but only while it discharges. Plugged
 * in, the same files tell what the charger does.
 */
final class Battery {
  /** The name by which it is asked for. */
  static final String SOURCE = "battery";

  private static final String FOLDER = "sys/class/power_supply";
  private static final String DISCHARGING = "Discharging";
  private static final double MICRO = 1e-6;
  private static final double SAMPLING_SECONDS = 1;

  private final MachineFiles files;
  private final TimeSource time;

  Battery(MachineFiles files, TimeSource time) {
    this.files = files;
    this.time = time;
  }

  SensorFinding find() {
    List<String> batteries = new ArrayList<>();
    String charging = "";
    for (String entry : files.list(FOLDER)) {
      String folder = FOLDER + "/" + entry;
      boolean battery = files.find(folder + "/type").orElse("").equals("Battery");
      // a mouse or a pen has a battery as well
      boolean system = !files.find(folder + "/scope").orElse("System").equals("Device");
      if (!battery || !system || !measures(folder)) {
        continue;
      }
      String status = files.find(folder + "/status").orElse("Unknown");
      if (status.equals(DISCHARGING)) {
        batteries.add(entry);
      } else if (charging.isEmpty()) {
        charging = entry + " is " + status.toLowerCase(Locale.ROOT);
      }
    }
    if (!batteries.isEmpty()) {
      return new SensorFinding.Found(
          SOURCE, String.join(", ", batteries) + ", discharging", () -> open(batteries));
    }
    return charging.isEmpty()
        ? new SensorFinding.Absent(SOURCE, "none that tells its power")
        : new SensorFinding.Unreadable(
            SOURCE,
            charging,
            "Pull the plug: a battery tells the consumption while it discharges.");
  }

  private boolean measures(String folder) {
    return files.find(folder + "/power_now").isPresent()
        || (files.find(folder + "/current_now").isPresent()
            && files.find(folder + "/voltage_now").isPresent());
  }

  private SampledPowerMeter open(List<String> batteries) {
    return new SampledPowerMeter(
        new MeterDescription(
            SOURCE,
            "battery",
            batteries,
            "the whole machine, its display included, while it runs on its battery",
            MeterTraits.power(SAMPLING_SECONDS)),
        () -> {
          double[] watts = new double[batteries.size()];
          for (int i = 0; i < watts.length; i++) {
            watts[i] = watts(FOLDER + "/" + batteries.get(i));
          }
          return watts;
        },
        time,
        () -> {});
  }

  private double watts(String folder) throws IOException {
    String status = files.read(folder + "/status");
    if (!status.equals(DISCHARGING)) {
      throw new IOException("it is " + status.toLowerCase(Locale.ROOT) + " and not discharging");
    }
    if (files.list(folder).contains("power_now")) {
      return Math.abs(files.number(folder + "/power_now") * MICRO);
    }
    // Some drivers tell a current that flows out as negative.
    double amperes = Math.abs(files.number(folder + "/current_now") * MICRO);
    return amperes * files.number(folder + "/voltage_now") * MICRO;
  }
}
