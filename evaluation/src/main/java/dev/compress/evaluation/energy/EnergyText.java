package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.Measured;
import dev.compress.energy.Unavailable;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/**
 * Readings in words, by the labelling rules: an estimate has a "~", its model's name, its range and
 * two significant figures; the unknown has its reason and no number.
 */
public final class EnergyText {
  private static final String[] UNITS = {"J", "mJ", "µJ", "nJ"};
  private static final int MEASURED_FIGURES = 4;

  private EnergyText() {}

  /** A reading in one line. */
  public static String of(EnergyReading reading) {
    if (reading instanceof Measured m) {
      double half = (m.ci95().high() - m.ci95().low()) / 2;
      return joules(m.joules(), MEASURED_FIGURES)
          + String.format(Locale.ROOT, " ± %.1f%%", 100 * half / m.joules())
          + (m.stable() ? "" : " UNSTABLE");
    }
    if (reading instanceof Estimated e) {
      return "~"
          + joules(e.centralJoules(), 2)
          + " ("
          + joules(e.lowJoules(), 2)
          + " to "
          + joules(e.highJoules(), 2)
          + ", estimated by "
          + e.model()
          + ")";
    }
    return "unknown: " + ((Unavailable) reading).reason();
  }

  /** An energy short enough for a table's cell: "~" marks an estimate, "n/a" the unknown. */
  public static String cell(EnergyReading reading) {
    if (reading instanceof Measured m) {
      return joules(m.joules(), MEASURED_FIGURES);
    }
    return reading instanceof Estimated e ? "~" + joules(e.centralJoules(), 2) : "n/a";
  }

  private static String joules(double value, int figures) {
    double rounded = figures == 2 ? EnergyJson.twoFigures(value) : value;
    int unit = 0;
    while (unit < UNITS.length - 1 && rounded != 0 && Math.abs(rounded) < 1) {
      rounded *= 1000;
      unit++;
    }
    BigDecimal shown =
        new BigDecimal(rounded).round(new MathContext(figures, RoundingMode.HALF_EVEN));
    return shown.toPlainString() + " " + UNITS[unit];
  }
}
