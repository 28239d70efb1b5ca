package dev.compress.evaluation.energy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Rails behind Texas Instruments' power monitors. Chips with one channel tell microwatts; the three
 * channels of an INA3221 tell millivolts and milliamperes, whose product is milliwatts times a
 * thousand.
 */
final class InaRails {
  /** Inputs that feed the whole board, by the names that Jetson's device trees give them. */
  private static final Set<String> TOTALS = Set.of("VDD_IN", "POM_5V_IN", "VIN", "VIN_TOTAL");

  private static final String OLD_FOLDER = "sys/bus/i2c/drivers/ina3221x";
  private static final double MILLI = 1e-3;
  private static final double MICRO = 1e-6;
  private static final int CHANNELS = 3;
  private static final double USUAL_SAMPLING_SECONDS = 0.02;
  private static final double FASTEST_SAMPLING_SECONDS = 0.005;

  private InaRails() {}

  /** The rails of a chip. */
  static List<PowerRail> ofHwmon(MachineFiles files, String folder, String chip) {
    double sampling =
        files
            .find(folder + "/update_interval")
            .map(text -> Double.parseDouble(text) * MILLI)
            .map(seconds -> Math.max(FASTEST_SAMPLING_SECONDS, seconds))
            .orElse(USUAL_SAMPLING_SECONDS);
    List<PowerRail> rails = new ArrayList<>();
    if (chip.startsWith("ina3221")) {
      for (int channel = 1; channel <= CHANNELS; channel++) {
        String volts = folder + "/in" + channel + "_input";
        String amperes = folder + "/curr" + channel + "_input";
        boolean off = files.find(folder + "/in" + channel + "_enable").orElse("1").equals("0");
        if (off || files.find(volts).isEmpty()) {
          continue; // a channel that is switched off has no data
        }
        String label = files.find(folder + "/in" + channel + "_label").orElse("channel " + channel);
        rails.add(
            rail(
                label,
                amperes,
                () -> files.number(volts) * MILLI * (files.number(amperes) * MILLI),
                sampling));
      }
      return rails;
    }
    String label = files.find(folder + "/label").orElse(chip);
    String power = folder + "/power1_input";
    String volts = folder + "/in1_input";
    String amperes = folder + "/curr1_input";
    if (files.list(folder).contains("power1_input")) {
      rails.add(rail(label, power, () -> files.number(power) * MICRO, sampling));
    } else if (files.list(folder).contains("curr1_input")) {
      rails.add(
          rail(
              label,
              amperes,
              () -> files.number(volts) * MILLI * (files.number(amperes) * MILLI),
              sampling));
    }
    return rails;
  }

  /** Before its kernels had hwmon for it, Jetson showed milliwatts in folders of its own driver. */
  static List<PowerRail> ofOldJetson(MachineFiles files) {
    List<PowerRail> rails = new ArrayList<>();
    for (String chip : files.list(OLD_FOLDER)) {
      for (String device : files.list(OLD_FOLDER + "/" + chip)) {
        if (!device.startsWith("iio:device")) {
          continue;
        }
        String folder = OLD_FOLDER + "/" + chip + "/" + device;
        for (int channel = 0; channel < CHANNELS; channel++) {
          String power = folder + "/in_power" + channel + "_input";
          String label = files.find(folder + "/rail_name_" + channel).orElse("");
          if (!label.isEmpty() && files.find(power).isPresent()) {
            rails.add(
                rail(label, power, () -> files.number(power) * MILLI, USUAL_SAMPLING_SECONDS));
          }
        }
      }
    }
    return rails;
  }

  /** Where an input of the whole board is measured, the rails behind it are parts of it. */
  static List<PowerRail> withoutDoubleCounting(List<PowerRail> rails) {
    List<PowerRail> totals = rails.stream().filter(PowerRail::isTotal).toList();
    return totals.isEmpty() ? List.copyOf(rails) : totals.subList(0, 1);
  }

  private static PowerRail rail(
      String label, String file, PowerRail.Probe probe, double samplingSeconds) {
    boolean total = TOTALS.contains(label.toUpperCase(Locale.ROOT));
    PowerRail.Probe checked =
        () -> {
          double watts = probe.watts();
          if (watts < 0) {
            throw new IOException(label + " tells " + watts + " W");
          }
          return watts;
        };
    return new PowerRail(label, file, checked, total, samplingSeconds);
  }
}
