package dev.compress.evaluation.report;

import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The table of energies, and of what follows from them. Not thread-safe. */
final class EnergyTables {
  private static final String UNKNOWN = "unknown";

  private final HtmlPage page;
  private final List<Row> rows;

  /**
   * For a page.
   *
   * @param page to add to
   * @param report what was measured
   */
  EnergyTables(HtmlPage page, EvaluationReport report) {
    this.page = page;
    this.rows = EvaluationCells.labelled(report);
  }

  void energy() {
    page.section("Energy of a sample, carbon, cost");
    Map<String, List<String>> unknown = new LinkedHashMap<>();
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      EnergyJson energy = row.energy();
      boolean known = energy != null && energy.kind() != EnergyReading.Kind.UNAVAILABLE;
      if (!known) {
        unknown.computeIfAbsent(EnergyWords.origin(energy), o -> new ArrayList<>()).add(row.name());
      }
      if (known || row.carbonG() != null || row.cost() != null) {
        cells.add(energyCells(row, energy));
      }
    }
    if (!cells.isEmpty()) {
      page.table(
          List.of(
              "variant",
              ">total",
              ">net of idle",
              ">CO₂e",
              ">cost",
              ">pays back after",
              "=where it comes from"),
          cells);
    }
    unknown.forEach(
        (why, names) ->
            page.element(
                "p",
                "soft path",
                "Unknown"
                    + (names.size() == rows.size() ? "" : " of " + String.join(", ", names))
                    + ": "
                    + why));
    page.end();
  }

  private static List<String> energyCells(Row row, @Nullable EnergyJson energy) {
    Double carbon = row.carbonG() == null ? row.carbonEstimatedG() : row.carbonG();
    Double cost = row.cost() == null ? row.costEstimated() : row.cost();
    Long even = row.breakEvenInferences();
    String mark = energy != null && energy.energyEstimatedJ() != null ? "~" : "";
    return List.of(
        row.name(),
        EnergyWords.total(energy),
        EnergyWords.net(energy),
        carbon == null ? UNKNOWN : mark + shortened(mark, Quantity.grams(carbon)),
        cost == null
            ? UNKNOWN
            : mark + (mark.isEmpty() ? EvaluationCells.number(cost) : Double.toString(cost)),
        even == null ? UNKNOWN : mark + Quantity.count(even) + " inferences",
        EnergyWords.origin(energy));
  }

  /** An estimate has two figures: zeros behind them would claim more. */
  private static String shortened(String mark, String number) {
    return mark.isEmpty()
        ? number
        : number.replaceAll("(\\.\\d*?)0+(?= )", "$1").replaceAll("\\.(?= )", "");
  }
}
