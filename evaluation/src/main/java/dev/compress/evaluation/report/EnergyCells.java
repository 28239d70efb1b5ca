package dev.compress.evaluation.report;

import dev.compress.energy.EnergyJson;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.EvaluationReport.VsBaseline;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a comparison says of energy, carbon and cost, as people read it, for tables of any kind; the
 * other numbers are in {@link EvaluationCells}.
 */
public final class EnergyCells {
  /** What a row's cells are. */
  public static final List<String> HEADINGS =
      List.of(
          "variant", "a sample", "net of idle", "against baseline", "pays back after", "source");

  private EnergyCells() {}

  /** A variant's energy; estimates bear a "~" and their range. */
  public static List<String> of(Row row) {
    EnergyJson energy = row.energy();
    if (energy == null) {
      return List.of(
          row.name(),
          EvaluationCells.UNKNOWN,
          EvaluationCells.UNKNOWN,
          EvaluationCells.UNKNOWN,
          EvaluationCells.UNKNOWN,
          EvaluationCells.UNKNOWN);
    }
    VsBaseline versus = row.vsBaseline();
    Double net = energy.energyNetJ();
    String source = energy.model() == null ? energy.source() : "estimate";
    return List.of(
        row.name(),
        joules(energy),
        net == null ? EvaluationCells.UNKNOWN : joules(net, energy.netCi95()),
        versus == null || versus.energyRatio() == null
            ? EvaluationCells.UNKNOWN
            : EvaluationCells.times(versus.energyRatio(), versus.energyRatioCi95(), "less", "more"),
        breakEven(row),
        (source == null ? "unavailable" : source)
            + (Boolean.FALSE.equals(energy.stable()) ? ", UNSTABLE" : ""));
  }

  /** After how many samples what the compression took is saved; estimates bear a "~". */
  static String breakEven(Row row) {
    Long measured = row.breakEvenInferences();
    if (measured != null) {
      return Quantity.shortCount(measured) + " samples";
    }
    EvaluationReport.Compression made = row.compression();
    Long estimated = made == null ? null : made.breakEvenEstimatedInferences();
    List<Long> range = made == null ? null : made.breakEvenEstimatedRange();
    return estimated == null || range == null
        ? EvaluationCells.UNKNOWN
        : "~"
            + twoFigures(estimated)
            + " samples ("
            + twoFigures(range.get(0))
            + " to "
            + twoFigures(range.get(1))
            + ")";
  }

  /** As an estimate is told: 1,300 or 2.1 M. */
  private static String twoFigures(long count) {
    return count < 10_000
        ? Quantity.count(count)
        : Quantity.shortCount(count)
            .replaceAll("(\\d\\.\\d)0(?= )", "$1")
            .replaceAll("\\.0(?= )", "");
  }

  /** By what energy became carbon and money, where it did, a line a machine. */
  public static List<String> rates(EvaluationReport report) {
    List<String> lines = new ArrayList<>();
    EvaluationReport.Environment at = report.environment();
    if (at != null) {
      rates(at.rates()).ifPresent(lines::add);
    } else {
      for (EvaluationReport.Host host : report.hosts()) {
        EvaluationReport.Environment there = host.environment();
        Optional<String> line = there == null ? Optional.empty() : rates(there.rates());
        line.ifPresent(text -> lines.add(host.host() + ": " + text));
      }
    }
    return lines;
  }

  static Optional<String> rates(EvaluationReport.@Nullable Rates rates) {
    if (rates == null) {
      return Optional.empty();
    }
    List<String> parts = new ArrayList<>();
    if (rates.gramsPerKwh() != null) {
      String given = "given".equals(rates.grid()) ? "given" : rates.grid() + ", " + rates.year();
      parts.add(
          EvaluationCells.number(rates.gramsPerKwh())
              + " g CO2e a kWh ("
              + given
              + ("given".equals(given) ? "" : "; " + rates.source())
              + ")");
    }
    if (rates.pricePerKwh() != null) {
      parts.add("a price of " + EvaluationCells.number(rates.pricePerKwh()) + " a kWh");
    }
    parts.add("a PUE of " + EvaluationCells.number(rates.pue()));
    return Optional.of("Carbon and cost by " + String.join(", ", parts) + ".");
  }

  /** By what energies were estimated, where they were. */
  public static List<String> models(EvaluationReport report) {
    return report.variants().stream()
        .map(Row::energy)
        .filter(e -> e != null && e.model() != null)
        .map(e -> "~ is an estimate, not a measurement: " + String.valueOf(e.model()) + ".")
        .distinct()
        .toList();
  }

  /** Why what was spent on compression is not known to be paid back, where a report told of it. */
  public static List<String> unpaid(EvaluationReport report) {
    List<String> reasons = new ArrayList<>();
    for (Row row : EvaluationCells.labelled(report)) {
      EvaluationReport.Compression made = row.compression();
      if (made != null && !made.reports().isEmpty() && made.reason() != null) {
        reasons.add(row.name() + " is not paid back: " + made.reason());
      }
    }
    return reasons;
  }

  private static String joules(EnergyJson energy) {
    Double measured = energy.energyJ();
    Double estimated = energy.energyEstimatedJ();
    List<Double> range = energy.estimatedRangeJ();
    if (measured != null) {
      return joules(measured, energy.ci95());
    }
    if (estimated == null) {
      return "unavailable";
    }
    return EnergyWords.estimate(estimated, range);
  }

  /** A measured energy with half its interval; what is near zero has no per cent of itself. */
  private static String joules(double value, @Nullable List<Double> ci95) {
    if (ci95 == null) {
      return Quantity.joules(value);
    }
    double half = (ci95.get(1) - ci95.get(0)) / 2;
    return Quantity.joules(value)
        + (half < Math.abs(value)
            ? String.format(Locale.ROOT, " ±%.1f%%", 100 * half / Math.abs(value))
            : " ±" + Quantity.joules(half));
  }
}
