package dev.compress.evaluation.report;

import dev.compress.report.TransformReport.StoredWeight;
import java.util.Comparator;
import java.util.List;

/** How the weights of an output are stored, one by one, the largest first. */
final class StoredWeightsTable {
  private static final int SHOWN = 15;

  private final HtmlPage page;
  private final List<StoredWeight> weights;

  /**
   * For a page.
   *
   * @param page to add to
   * @param weights as measured in the file
   */
  StoredWeightsTable(HtmlPage page, List<StoredWeight> weights) {
    this.page = page;
    this.weights =
        weights.stream()
            .sorted(
                Comparator.comparingLong(StoredWeight::bytes)
                    .reversed()
                    .thenComparing(StoredWeight::name))
            .toList();
  }

  void add() {
    if (weights.isEmpty()) {
      return;
    }
    page.section("Weights as the file stores them");
    int shown = Math.min(SHOWN, weights.size());
    table(weights.subList(0, shown), shown == weights.size());
    if (shown < weights.size()) {
      page.raw("<details><summary>").text(weights.size() - shown + " others, and all together");
      page.raw("</summary>");
      table(weights.subList(shown, weights.size()), true);
      page.raw("</details>");
    }
    page.end();
  }

  private void table(List<StoredWeight> part, boolean last) {
    List<List<String>> rows = new java.util.ArrayList<>(part.stream().map(this::row).toList());
    if (last) {
      rows.add(all());
    }
    page.table(
        List.of(
            "weight",
            "form",
            ">elements",
            ">zeros",
            ">values",
            ">bytes",
            ">bits each",
            ">zipped",
            ">unpacking"),
        rows);
  }

  private List<String> row(StoredWeight weight) {
    Integer distinct = weight.distinct();
    return List.of(
        weight.name(),
        weight.form(),
        Quantity.count(weight.elements()),
        Quantity.percent(weight.sparsity(), 1),
        distinct == null ? "over 256" : distinct.toString(),
        Quantity.bytes(weight.bytes()),
        Quantity.fixed(weight.bits(), 2),
        Quantity.bytes(weight.bytesZipped()),
        weight.unpackMs() == 0 ? "" : Quantity.millis(weight.unpackMs()));
  }

  private List<String> all() {
    long elements = weights.stream().mapToLong(StoredWeight::elements).sum();
    long bytes = weights.stream().mapToLong(StoredWeight::bytes).sum();
    double zeros = weights.stream().mapToDouble(w -> w.sparsity() * w.elements()).sum();
    double millis = weights.stream().mapToDouble(StoredWeight::unpackMs).sum();
    return List.of(
        "all " + weights.size(),
        "",
        Quantity.count(elements),
        Quantity.percent(elements == 0 ? 0 : zeros / elements, 1),
        "",
        Quantity.bytes(bytes),
        Quantity.fixed(elements == 0 ? 0 : 8.0 * bytes / elements, 2),
        Quantity.bytes(weights.stream().mapToLong(StoredWeight::bytesZipped).sum()),
        millis == 0 ? "" : Quantity.millis(millis));
  }
}
