package dev.compress.evaluation.energy;

import dev.compress.energy.Measured;
import dev.compress.energy.Provenance;
import dev.compress.metric.Interval;
import java.util.List;

/** Readings for tests. */
final class EnergyReadings {
  static final List<String> DOMAINS = List.of("package-0", "dram-0");

  private EnergyReadings() {}

  /** A measurement with a half width as a share; its windows spread by a tenth of that. */
  static Measured measured(double joules, double share) {
    return measured("rapl", DOMAINS, joules, share);
  }

  static Measured measured(String source, List<String> domains, double joules, double share) {
    double d = joules * share / 10;
    return new Measured(
        joules,
        new Interval(joules * (1 - share), joules * (1 + share)),
        joules * share,
        null,
        List.of(joules - d, joules, joules + d, joules, joules),
        true,
        new Provenance(
            source,
            source,
            domains,
            "test",
            new Provenance.SensorTiming(0.001, 6.1e-5, false),
            new Provenance.Windows(5, 0, 1000, 10)),
        List.of());
  }
}
