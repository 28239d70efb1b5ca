package dev.compress.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.report.TransformReport;
import dev.compress.train.TrainingSummary;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class HtmlTransformReportTest {
  private static final String HOSTILE = "<script>alert('1')</script> & \"x\"";
  private static final Pattern TAG = Pattern.compile("<(/?)([a-z0-9]+)[^>]*?(/?)>");
  private static final Set<String> VOID = Set.of("meta");

  private static TransformReport full() {
    return new TransformReport(
        TransformReport.SCHEMA,
        new TransformReport.Tool("1.2.3", "1.29.0"),
        new TransformReport.Input("folder/" + HOSTILE, "ab12", 1_242_706, 309_226),
        new TransformReport.Output("folder/out.int8.onnx", "cd34", 331_077, 297_251L, 3.7535),
        Map.of("quantize", "int8", "exclude-nodes", HOSTILE),
        26.5,
        320_311_296L,
        List.of(
            new TransformReport.Pass("fold-constants", 0.1, List.of(), List.of()),
            new TransformReport.Pass(
                "quantize-int8",
                17.4,
                List.of(new Change("conv-1", "Conv", HOSTILE)),
                List.of(
                    new Skipped("gemm-1", "Gemm", "small"),
                    new Skipped("gemm-2", "Gemm", "small")))),
        List.of(
            new TransformReport.Training(
                "fine-tune",
                new TrainingSummary(
                    "top1",
                    List.of(new TrainingSummary.Epoch(1, 0.5, 0.9, 1e-3, 3)),
                    1,
                    0.9,
                    0.8,
                    new TrainingSummary.Speed(10, 100.0, 3),
                    TrainingSummary.Stop.FINISHED,
                    List.of()))),
        new TransformReport.Kernels(Map.of("Conv", 8), Map.of("Conv", 1, "Gemm", 2), List.of("c")),
        0.978,
        new TransformReport.Fidelity(31.42, 0.99964, 1.0, 32, "calibration data"),
        new TransformReport.Speed(0.204, 0.0819, 0.437, List.of(0.432, 0.437), 1),
        308.0,
        41_943_040L,
        new TransformReport.Accuracy("top1", 0.9078, 0.9074, 0.04, 5000),
        List.of(
            new TransformReport.Layer("conv-1", "Conv", "static", 38.7, "min-max"),
            new TransformReport.Layer("conv-2", "Conv", "static", 28.9, null)),
        List.of(new TransformReport.DataUse("calibration", "train.npz", 300, "ef56")),
        0.01,
        8.09,
        List.of(
            new TransformReport.StoredWeight(
                "small" + HOSTILE, "INT8", 1_000, 0.5, 16, null, "symbols", 300, 250, 2.4, 1.5),
            new TransformReport.StoredWeight(
                "large", "FLOAT", 3_000, 0, null, null, "dense", 12_000, 11_000, 32, 0)),
        null,
        List.of("a note"),
        List.of("a warning " + HOSTILE));
  }

  private static TransformReport plan() {
    TransformReport full = full();
    return new TransformReport(
        full.schema(),
        full.tool(),
        full.input(),
        null,
        Map.of(),
        0.1,
        null,
        List.of(),
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        List.of(),
        List.of(),
        null,
        null,
        List.of(),
        null,
        List.of(),
        List.of());
  }

  @Test
  void showsWhatWasMeasured() {
    String page = HtmlTransformReport.of(full());
    assertThat(page)
        .contains("3.75×")
        .contains("1.24 MB → 331 kB")
        .contains("204 us → 81.9 us")
        .contains("90.78% → 90.74%")
        .contains("97.8%")
        .contains("31.4 dB")
        .contains("40.0 MiB")
        .contains("95% interval 0.432 to 0.437")
        .contains("a note")
        .contains("Training 1: fine-tune")
        .contains("80.00% before, 90.00% after epoch 1, which was kept")
        .contains("train.npz, 300 samples, sha256 ef56")
        .contains("Planned as integer, run in float: c")
        .contains("<td>Gemm</td><td class=\"n\">2</td><td>small</td>");
    assertThat(page.indexOf("conv-2")).as("most sensitive first").isLessThan(page.indexOf("38.7"));
  }

  @Test
  void listsHowWeightsAreStored() {
    String page = HtmlTransformReport.of(full());
    assertThat(page)
        .contains("Weights as the file stores them")
        .contains("<td>symbols</td><td class=\"n\">1,000</td><td class=\"n\">50.0%</td>")
        .contains("<td class=\"n\">over 256</td>")
        .contains("<td>all 2</td><td></td><td class=\"n\">4,000</td><td class=\"n\">12.5%</td>")
        .contains("<td class=\"n\">24.60</td>"); // 8 * 12,300 / 4,000 bits
    assertThat(page.indexOf("<td>large</td>")).isLessThan(page.indexOf("<td>symbols</td>"));
    assertThat(HtmlTransformReport.of(plan())).doesNotContain("file stores them");
  }

  @Test
  void escapesEveryValue() {
    String page = HtmlTransformReport.of(full());
    assertThat(page).doesNotContain("<script").contains("&lt;script&gt;alert(&#39;1&#39;)");
  }

  @Test
  void needsNoNetworkAndNoScript() {
    String page = HtmlTransformReport.of(full());
    assertThat(page)
        .contains("default-src 'none'")
        .doesNotContain("http:")
        .doesNotContain("https:")
        .doesNotContain("url(")
        .doesNotContain("@import")
        .doesNotContain(" src=");
  }

  @Test
  void closesWhatItOpens() {
    for (TransformReport report : List.of(full(), plan())) {
      String page = HtmlTransformReport.of(report);
      Deque<String> open = new ArrayDeque<>();
      Matcher tag = TAG.matcher(page.substring(page.indexOf("<html")));
      while (tag.find()) {
        boolean selfClosing = !tag.group(3).isEmpty() || VOID.contains(tag.group(2));
        if (!tag.group(1).isEmpty()) {
          assertThat(open.pop()).isEqualTo(tag.group(2));
        } else if (!selfClosing) {
          open.push(tag.group(2));
        }
      }
      assertThat(open).isEmpty();
    }
  }

  @Test
  void saysThatAPlanWroteNothing() {
    assertThat(HtmlTransformReport.of(plan()))
        .contains("nothing was written")
        .doesNotContain("Before and after")
        .doesNotContain("null");
  }

  @Test
  void writesNumbersForPeople() {
    assertThat(Quantity.bytes(999)).isEqualTo("999 B");
    assertThat(Quantity.bytes(331_077)).isEqualTo("331 kB");
    assertThat(Quantity.bytes(999_700)).isEqualTo("1.00 MB");
    assertThat(Quantity.bytes(434_000_000)).isEqualTo("434 MB");
    assertThat(Quantity.bytes(8_590_000_000L)).isEqualTo("8.59 GB");
    assertThat(Quantity.memory(320_311_296)).isEqualTo("305 MiB");
    assertThat(Quantity.memory(3L << 30)).isEqualTo("3.00 GiB");
    assertThat(Quantity.shortCount(9_999)).isEqualTo("9,999");
    assertThat(Quantity.shortCount(109_000_000)).isEqualTo("109 M");
    assertThat(Quantity.millis(0.0875)).isEqualTo("87.5 us");
    assertThat(Quantity.millis(78.63)).isEqualTo("78.6 ms");
    assertThat(Quantity.seconds(0.64)).isEqualTo("640 ms");
    assertThat(Quantity.seconds(1.934)).isEqualTo("1.93 s");
    assertThat(Quantity.seconds(125)).isEqualTo("2 min 5 s");
    assertThat(Quantity.seconds(3725)).isEqualTo("1 h 2 min");
    assertThat(Quantity.percent(0.97845, 1)).isEqualTo("97.8%");
    assertThat(Quantity.threeDigits(Double.NaN)).isEqualTo("NaN");
  }
}
