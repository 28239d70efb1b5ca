package dev.compress.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.report.DistillReport;
import dev.compress.report.TransformReport;
import dev.compress.train.TrainingSummary;
import dev.compress.train.TrainingSummary.Epoch;
import dev.compress.train.TrainingSummary.Reason;
import dev.compress.train.TrainingSummary.Speed;
import dev.compress.train.TrainingSummary.Stop;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class HtmlDistillReportTest {
  private static final String HOSTILE = "a\"<script>alert('1')</script>&.onnx";
  private static final Pattern CHART = Pattern.compile("<svg class=\"chart\".*?</svg>");
  private static final Pattern POINT =
      Pattern.compile(
          "class=\"point s0( best)?\" transform=\"translate\\(([\\d.]+) ([\\d.]+)\\)\"");

  private static TrainingSummary training(List<Epoch> epochs, int best, Stop stop) {
    Double value = best == 0 ? null : (Double) epochs.get(best - 1).value();
    return new TrainingSummary(
        "top1", epochs, best, value, 0.31, new Speed(120, 5916.4, 125), stop, List.of());
  }

  private static List<Epoch> epochs() {
    return List.of(
        new Epoch(1, 0.80, 0.90, 1e-3, 20.5),
        new Epoch(2, 0.40, 0.96, 5e-4, 20.5),
        new Epoch(3, 0.20, 0.95, 1e-4, 20.5));
  }

  private static DistillReport report(TrainingSummary training, boolean written) {
    DistillReport.Model teacher =
        new DistillReport.Model("t/" + HOSTILE, "aa11", 1_000_000L, 250_000, 800_000L);
    DistillReport.Model student =
        new DistillReport.Model("width=0.5 of t/big.onnx", null, null, 60_000, 200_000L);
    DistillReport.Model output =
        new DistillReport.Model("out/small.onnx", "bb22", 250_000L, 60_000, 200_000L);
    return new DistillReport(
        DistillReport.SCHEMA,
        new TransformReport.Tool("1.2.3", "1.29.0"),
        teacher,
        student,
        written ? output : null,
        Map.of("alpha", 0.9, "epochs", 3),
        List.of(
            new TransformReport.DataUse("training", "train.npz", 900, "c1"),
            new TransformReport.DataUse("selection", "train.npz", 100, "c2"),
            new TransformReport.DataUse("accuracy", HOSTILE, 500, "c3")),
        training,
        written ? new DistillReport.Accuracy("top1", 0.9711, 0.1002, 0.9533, 500) : null,
        65.2,
        320_311_296L,
        null,
        List.of("a note"),
        List.of("a warning " + HOSTILE));
  }

  private static String page() {
    return HtmlDistillReport.of(report(training(epochs(), 2, Stop.FINISHED), true));
  }

  @Test
  void saysWhatLearnedFromWhatAndHowWellItDoes() {
    assertThat(page())
        .contains("<h1>big.onnx → small.onnx</h1>")
        .contains("Learned from a teacher")
        .contains("<b class=\"good\">95.33%</b><span>top1 of what was written; 10.02% as it came")
        .contains("97.11%")
        .contains("<b class=\"\">4.00×</b><span>smaller than the teacher: 1.00 MB → 250 kB")
        .contains("<td>trained</td><td>train.npz</td><td class=\"n\">900</td><td>c1</td>")
        .contains("<td>chose the best epoch</td><td>train.npz</td><td class=\"n\">100</td>")
        .contains("<td>scored, and nothing else</td>")
        .contains("31.00% before, 96.00% after epoch 2, which was kept. All 3 epochs were done")
        .contains("5,916 samples/s")
        .contains("<dt>alpha</dt><dd>0.9</dd>")
        .contains("<dt>output sha256</dt><dd>bb22</dd>");
  }

  /** Higher is higher, later is further right, and the kept epoch is the filled one. */
  @Test
  void drawsLossAndMetricOverTheEpochs() {
    List<List<double[]>> charts = new ArrayList<>();
    Matcher chart = CHART.matcher(page());
    while (chart.find()) {
      List<double[]> points = new ArrayList<>();
      Matcher point = POINT.matcher(chart.group());
      while (point.find()) {
        points.add(
            new double[] {
              Double.parseDouble(point.group(2)),
              Double.parseDouble(point.group(3)),
              point.group(1) == null ? 0 : 1
            });
      }
      charts.add(points);
    }
    assertThat(charts).hasSize(2);
    for (List<double[]> points : charts) {
      assertThat(points).hasSize(3);
      double gap = points.get(1)[0] - points.get(0)[0];
      assertThat(gap).isPositive();
      assertThat(points.get(2)[0] - points.get(1)[0]).isEqualTo(gap);
      assertThat(points).extracting(p -> p[2]).containsExactly(0.0, 1.0, 0.0);
    }
    List<double[]> loss = charts.get(0);
    assertThat(loss.get(0)[1]).isLessThan(loss.get(1)[1]);
    double first = loss.get(1)[1] - loss.get(0)[1];
    double second = loss.get(2)[1] - loss.get(1)[1];
    assertThat(first / second).isBetween(1.99, 2.01); // 0.4 against 0.2
    List<double[]> metric = charts.get(1);
    assertThat(metric.get(1)[1]).isLessThan(metric.get(2)[1]).isLessThan(metric.get(0)[1]);
  }

  @Test
  void isWellFormedAndNeedsNoNetworkAndNoScript() throws Exception {
    List<DistillReport> all =
        List.of(
            report(training(epochs(), 2, Stop.FINISHED), true),
            report(training(epochs(), 2, new Stop(Reason.INTERRUPTED, null)), true),
            report(training(List.of(), 0, new Stop(Reason.DIVERGED, 7L)), false),
            report(training(epochs().subList(0, 1), 1, Stop.FINISHED), true),
            report(training(List.of(new Epoch(1, Double.NaN, 0.1, 0, 1)), 0, Stop.FINISHED), true));
    for (DistillReport one : all) {
      String page = HtmlDistillReport.of(one);
      assertThat(page)
          .contains("default-src 'none'")
          .doesNotContain("<script")
          .doesNotContain("http:")
          .doesNotContain("https:")
          .doesNotContain("NaN\"")
          .doesNotContain("null");
      String body = page.substring(page.indexOf("<body>"), page.indexOf("</html>"));
      Document parsed =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(body)));
      assertThat(parsed.getElementsByTagName("section").getLength()).isGreaterThan(3);
    }
    assertThat(HtmlDistillReport.of(all.get(2)))
        .contains("Nothing was written")
        .contains("It ended at step 7, where the loss was no number");
    assertThat(HtmlDistillReport.of(all.get(1))).contains("It was interrupted");
  }
}
