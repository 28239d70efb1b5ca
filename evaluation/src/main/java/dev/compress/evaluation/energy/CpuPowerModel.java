package dev.compress.evaluation.energy;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Watts of a virtual processor of a cloud machine, idle and busy: Cloud Carbon Footprint's
 * coefficients, which it makes of SPECpower_ssj2008 results of the processor's family (watts of the
 * server without load, and at full load, over its threads). All figures are those of its file
 * {@code output/coefficients-aws-use.csv}
 * (github.com/cloud-carbon-footprint/cloud-carbon-coefficients, Apache 2.0); of a family that is
 * not in it, none is made up: the average is taken, which it states for the cloud as a whole, with
 * the least and the most of all families as its range. The table with what each row was checked
 * against is in {@code docs/energy.md}.
 *
 * @param family the processors meant
 * @param idleWatts of a virtual processor that does nothing
 * @param busyWatts of a virtual processor that does nothing else
 * @param known whether this machine's processor is of that family
 */
record CpuPowerModel(String family, double idleWatts, double busyWatts, boolean known) {
  private static final String CPU_INFO = "proc/cpuinfo";
  private static final CpuPowerModel UNKNOWN =
      new CpuPowerModel("average cloud processor", 0.74, 3.5, false);

  /** By vendor, family and model as the processor tells them. */
  private static final Map<String, CpuPowerModel> BY_NUMBER =
      Map.of(
          "GenuineIntel/6/143", known("Sapphire Rapids", 1.036, 4.160),
          "GenuineIntel/6/207", known("Emerald Rapids", 0.814, 4.482),
          "GenuineIntel/6/106", known("Ice Lake", 0.767, 3.758),
          "GenuineIntel/6/85/7", known("Cascade Lake", 0.690, 4.063),
          "AuthenticAMD/23/49", known("EPYC 2nd generation", 0.474, 1.693),
          "AuthenticAMD/25/1", known("EPYC 3rd generation", 0.456, 1.957),
          "AuthenticAMD/25/17", known("EPYC 4th generation", 0.739, 2.282),
          "0x41/0xd0c", known("Graviton (figures of EPYC 2nd generation)", 0.474, 1.693));

  private static CpuPowerModel known(String family, double idleWatts, double busyWatts) {
    return new CpuPowerModel(family, idleWatts, busyWatts, true);
  }

  /** Of this machine's processor; an average where its family is not among them. */
  static CpuPowerModel of(MachineFiles files) {
    String info = files.find(CPU_INFO).orElse("");
    String vendor = field(info, "vendor_id").or(() -> field(info, "cpu implementer")).orElse("");
    String family = field(info, "cpu family").or(() -> field(info, "cpu part")).orElse("");
    String model = field(info, "model").orElse("");
    String stepping = field(info, "stepping").orElse("");
    for (String key :
        new String[] {
          vendor + "/" + family + "/" + model,
          vendor + "/" + family + "/" + model + "/" + stepping,
          vendor + "/" + family
        }) {
      CpuPowerModel found = BY_NUMBER.get(key);
      if (found != null) {
        return found;
      }
    }
    return UNKNOWN;
  }

  private static Optional<String> field(String info, String name) {
    return info.lines()
        .map(line -> line.split(":", 2))
        .filter(parts -> parts.length == 2)
        .filter(parts -> parts[0].strip().toLowerCase(Locale.ROOT).equals(name))
        .map(parts -> parts[1].strip())
        .findFirst();
  }

  /** The smallest watts that work adds to a virtual processor; of all families if unknown. */
  double leastAddedWatts() {
    return known
        ? busyWatts - idleWatts
        : BY_NUMBER.values().stream().mapToDouble(m -> m.busyWatts - m.idleWatts).min().orElse(0);
  }

  /** The most watts of a busy virtual processor; of all families if unknown. */
  double mostWatts() {
    return known
        ? busyWatts
        : BY_NUMBER.values().stream().mapToDouble(CpuPowerModel::busyWatts).max().orElse(busyWatts);
  }
}
