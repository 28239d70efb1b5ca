package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What ran in integers, and the layers. Not thread-safe. */
final class LayerTables {
  private static final int LAYERS_SHOWN = 12;

  private final HtmlPage page;
  private final List<Row> rows;

  /**
   * For a page.
   *
   * @param page to add to
   * @param report what was measured
   */
  LayerTables(HtmlPage page, EvaluationReport report) {
    this.page = page;
    this.rows = EvaluationCells.labelled(report);
  }

  void kernels() {
    List<Row> known = rows.stream().filter(r -> r.kernels() != null).toList();
    if (known.isEmpty()) {
      return;
    }
    page.section("What ran in integers").raw("<div class=\"bars\">");
    for (Row row : known) {
      Double share = kernels(row).integerMacShare();
      page.element("div", "label", row.name());
      if (share == null) {
        page.element("div", "soft", "share of the multiplications unknown");
      } else {
        page.raw(
            String.format(
                Locale.ROOT,
                "<div class=\"bar\"><svg class=\"kernel\" viewBox=\"0 0 100 10\""
                    + " preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                    + "<rect class=\"before\" width=\"100\" height=\"10\"/>"
                    + "<rect class=\"after\" width=\"%.2f\" height=\"10\"/></svg>",
                100 * Math.max(0, Math.min(1, share))));
        page.element("span", "value", Quantity.percent(share, 1) + " of MACs").raw("</div>");
      }
    }
    page.raw("</div>");
    List<List<String>> cells = new ArrayList<>();
    for (Row row : known) {
      cells.add(
          List.of(row.name(), counts(kernels(row).integer()), counts(kernels(row).floating())));
    }
    page.table(List.of("variant", "=kernels in integers", "=kernels in float"), cells).end();
  }

  private static EvaluationReport.Kernels kernels(Row row) {
    return Objects.requireNonNull(row.kernels());
  }

  private static String counts(Map<String, Integer> counts) {
    List<String> parts = new ArrayList<>();
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .forEach(e -> parts.add(e.getValue() + " " + e.getKey()));
    return parts.isEmpty() ? "none" : String.join(", ", parts);
  }

  /** What a transformation told of its layers, in the open; mere sizes behind a fold. */
  void layers() {
    Map<String, Row> files = new LinkedHashMap<>();
    rows.stream()
        .filter(row -> !row.layers().isEmpty())
        .forEach(row -> files.putIfAbsent(row.sha256(), row));
    for (Row row : files.values()) {
      if (isTold(row)) {
        page.section("Layers of " + row.name() + ", the most sensitive first");
        layers(row);
        page.end();
      }
    }
    if (files.values().stream().anyMatch(row -> !isTold(row))) {
      page.section("Where the bytes are");
      for (Row row : files.values()) {
        if (!isTold(row)) {
          page.raw("<details><summary>").text("Layers of " + row.name()).raw("</summary>");
          layers(row);
          page.raw("</details>");
        }
      }
      page.end();
    }
  }

  private static boolean isTold(Row row) {
    return row.layers().stream().anyMatch(l -> l.sqnrDb() != null);
  }

  private void layers(Row row) {
    List<EvaluationReport.Layer> sorted =
        row.layers().stream()
            .sorted(
                Comparator.comparingDouble(
                        (EvaluationReport.Layer l) ->
                            l.sqnrDb() == null ? Double.POSITIVE_INFINITY : l.sqnrDb())
                    .thenComparingLong(l -> l.bytes() == null ? 0 : -l.bytes()))
            .toList();
    double loudest =
        sorted.stream().mapToDouble(l -> l.sqnrDb() == null ? 0 : l.sqnrDb()).max().orElse(0);
    double largest =
        sorted.stream().mapToDouble(l -> l.bytes() == null ? 0 : l.bytes()).max().orElse(0);
    int shown = isTold(row) ? Math.min(LAYERS_SHOWN, sorted.size()) : sorted.size();
    layerTable(sorted.subList(0, shown), loudest, largest);
    if (shown < sorted.size()) {
      page.raw("<details><summary>").text(sorted.size() - shown + " others").raw("</summary>");
      layerTable(sorted.subList(shown, sorted.size()), loudest, largest);
      page.raw("</details>");
    }
  }

  private void layerTable(List<EvaluationReport.Layer> layers, double loudest, double largest) {
    boolean told = loudest > 0;
    page.raw("<div class=\"wide\"><table><thead><tr><th>layer</th><th>operator</th>");
    page.raw(told ? "<th>computes</th><th>signal to noise</th>" : "");
    page.raw("<th>weights in the file</th></tr></thead><tbody>");
    for (EvaluationReport.Layer layer : layers) {
      page.raw("<tr>").element("td", layer.node()).element("td", layer.op());
      if (told) {
        page.element("td", layer.scheme() == null ? "" : layer.scheme());
        Double sqnr = layer.sqnrDb();
        cell(sqnr == null ? "" : Quantity.fixed(sqnr, 1) + " dB", sqnr, loudest);
      }
      Long bytes = layer.bytes();
      cell(
          bytes == null ? "" : Quantity.bytes(bytes),
          bytes == null ? null : (Double) (double) bytes,
          largest);
      page.raw("</tr>");
    }
    page.raw("</tbody></table></div>");
  }

  private void cell(String text, @Nullable Double value, double most) {
    page.raw("<td class=\"bar-cell\">").text(text);
    if (value != null && most > 0) {
      page.raw(
          String.format(
              Locale.ROOT,
              "<svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                  + "<rect class=\"track\" width=\"100\" height=\"10\"/>"
                  + "<rect class=\"after\" width=\"%.2f\" height=\"10\"/></svg>",
              Math.max(0.5, 100 * Math.max(0, value) / most)));
    }
    page.raw("</td>");
  }
}
