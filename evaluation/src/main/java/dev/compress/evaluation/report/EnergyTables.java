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
  private final EvaluationReport report;
  private final List<Row> rows;

  /**
   * For a page.
   *
   * @param page to add to
   * @param report what was measured
   */
  EnergyTables(HtmlPage page, EvaluationReport report) {
    this.page = page;
    this.report = report;
    this.rows = EvaluationCells.labelled(report);
  }

  void energy() {
    page.section("Energy of a sample, carbon, cost");
    Map<String, List<String>> origins = new LinkedHashMap<>();
    Map<String, List<String>> unknown = new LinkedHashMap<>();
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      EnergyJson energy = row.energy();
      boolean known = energy != null && energy.kind() != EnergyReading.Kind.UNAVAILABLE;
      (known ? origins : unknown)
          .computeIfAbsent(EnergyWords.origin(energy), o -> new ArrayList<>())
          .add(row.name());
      if (known || row.carbonG() != null || row.cost() != null) {
        cells.add(energyCells(row, energy));
      }
    }
    if (!cells.isEmpty()) {
      page.table(List.of("variant", ">total", ">net of idle", ">pays back after"), cells);
    }
    footprint();
    origins.forEach((origin, names) -> line("Energy", names, origin));
    unknown.forEach((why, names) -> line("Unknown", names, why));
    compression();
    page.end();
  }

  private void footprint() {
    if (FootprintCells.anyIn(report)) {
      page.element("h3", "Carbon and cost");
      page.table(
          List.of("variant", ">CO₂e", ">CO₂e a million", ">cost a million"),
          rows.stream()
              .map(
                  row ->
                      List.of(
                          row.name(),
                          known(FootprintCells.sample(row)),
                          known(FootprintCells.million(row)),
                          known(FootprintCells.cost(row))))
              .toList());
    }
  }

  /** A sentence for all variants that it holds for: a column of it would not fit a page. */
  private void line(String what, List<String> names, String text) {
    page.element(
        "p",
        "soft path",
        what
            + (names.size() == rows.size() ? "" : " of " + String.join(", ", names))
            + ": "
            + text);
  }

  /** What making the variants took, and why it is not known to be paid back. */
  private void compression() {
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      EvaluationReport.Compression made = row.compression();
      if (made != null && made.kind() != EnergyReading.Kind.UNAVAILABLE) {
        boolean measured = made.kind() == EnergyReading.Kind.MEASURED;
        Double carbon = measured ? made.carbonG() : made.carbonEstimatedG();
        Double cost = measured ? made.cost() : made.costEstimated();
        cells.add(
            List.of(
                row.name(),
                EnergyWords.ofCompression(made),
                made.seconds() == null ? UNKNOWN : Quantity.seconds(made.seconds()),
                carbon == null ? UNKNOWN : FootprintCells.grams(carbon, !measured),
                cost == null ? UNKNOWN : FootprintCells.money(cost, !measured),
                measured ? "measured, " + made.source() : "estimated: " + made.model()));
      }
    }
    if (!cells.isEmpty()) {
      page.element("h3", "What making the variants took");
      page.table(
          List.of("variant", ">energy", ">time", ">CO₂e", ">cost", "=where it comes from"), cells);
    }
    EnergyCells.unpaid(report).forEach(why -> page.element("p", "soft path", why));
  }

  private static List<String> energyCells(Row row, @Nullable EnergyJson energy) {
    return List.of(
        row.name(),
        EnergyWords.total(energy),
        EnergyWords.net(energy),
        known(EnergyCells.breakEven(row)));
  }

  private static String known(String cell) {
    return cell.equals("-") ? UNKNOWN : cell;
  }
}
