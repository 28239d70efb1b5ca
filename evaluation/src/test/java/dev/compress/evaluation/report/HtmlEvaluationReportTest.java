package dev.compress.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.energy.EnergyReading.Kind;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReports;
import dev.compress.evaluation.SavedReports;
import dev.compress.evaluation.report.ParetoChart.Bar;
import dev.compress.evaluation.report.ParetoChart.Point;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlEvaluationReportTest {
  private static final String HOSTILE = "</title></svg><script>alert('1')</script> & \"x\" \u202e";

  private static EvaluationReport fleet() {
    return EvaluationReports.merge(
        List.of(
            SavedReports.of("pi", Kind.UNAVAILABLE),
            SavedReports.of("server", Kind.MEASURED),
            SavedReports.of("cloud", Kind.ESTIMATED)));
  }

  /** The body is well-formed XML once the head's void elements are left out. */
  private static Document parse(String page) throws Exception {
    String body = page.substring(page.indexOf("<body>"), page.indexOf("</html>"));
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(body)));
  }

  private static List<String> texts(NodeList nodes) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      texts.add(nodes.item(i).getTextContent());
    }
    return texts;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void isWellFormedAndWhole(Kind kind) throws Exception {
    Document page = parse(HtmlEvaluationReport.of(SavedReports.of("pi", kind)));
    assertThat(texts(page.getElementsByTagName("h2")))
        .contains(
            "Gates",
            "Warnings",
            "Accuracy against what it costs",
            "Against float",
            "Variants",
            "Latency of a run, throughput, load, memory",
            "Energy of a sample, carbon, cost",
            "What ran in integers",
            "Layers of int8, the most sensitive first",
            "Where the numbers come from",
            "Machine",
            "Files");
  }

  @Test
  void needsNoNetworkAndNoScript() {
    assertThat(HtmlEvaluationReport.of(fleet()))
        .contains("default-src 'none'")
        .doesNotContain("http:")
        .doesNotContain("https:")
        .doesNotContain("url(")
        .doesNotContain("@import")
        .doesNotContain(" src=")
        .doesNotContain("<script");
  }

  @Test
  void escapesEveryName() throws Exception {
    EvaluationReport report = SavedReports.of(HOSTILE, HOSTILE, Kind.MEASURED);
    String page = HtmlEvaluationReport.of(EvaluationReports.merge(List.of(report, fleet())));
    assertThat(page).doesNotContain("<script").doesNotContain("\u202e").contains("&lt;script&gt;");
    parse(page);
  }

  @Test
  void neverDrawsAnEstimateBesideAMeasurement() throws Exception {
    String page = HtmlEvaluationReport.of(fleet());
    List<String> titles = new ArrayList<>();
    NodeList charts = parse(page).getElementsByTagName("svg");
    for (int i = 0; i < charts.getLength(); i++) {
      String text = charts.item(i).getTextContent();
      if (text.contains("estimated energy")) {
        titles.add("estimated");
        assertThat(text).contains("@ cloud", "~").doesNotContain("@ server");
      } else if (text.contains("measured energy")) {
        titles.add("measured");
        assertThat(text).contains("@ server").doesNotContain("@ cloud").doesNotContain("~");
      }
    }
    assertThat(titles).containsExactly("measured", "estimated");
    assertThat(page)
        .contains("~5.1 mJ (2.6 mJ to 10 mJ)")
        .contains("5.10 mJ (5.00 mJ to 5.20 mJ)")
        .contains("estimated, not measured: processor time")
        .contains("Unknown of float @ pi, int8 @ pi, fp16 @ pi: no sensor was found")
        .contains("this is a latency ratio, not an energy finding");
  }

  @Test
  void aSingleVariantAndOneThatFailedHaveTheirPage() throws Exception {
    EvaluationReport whole = SavedReports.of("pi", Kind.UNAVAILABLE);
    EvaluationReport.Row row = whole.variants().get(0);
    EvaluationReport.Row failed =
        new EvaluationReport.Row(
            "dead",
            "d",
            "00",
            1,
            "cpu",
            "pi",
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            "the runtime died of SIGSEGV",
            List.of(),
            null,
            List.of());
    for (List<EvaluationReport.Row> rows :
        List.of(List.of(row), List.of(failed), List.of(row, failed))) {
      String page =
          HtmlEvaluationReport.of(
              new EvaluationReport(
                  whole.schema(),
                  whole.environment(),
                  null,
                  rows,
                  List.of(),
                  List.of(),
                  List.of()));
      parse(page);
      assertThat(page).doesNotContain("null").doesNotContain("NaN").doesNotContain("Infinity");
      assertThat(page.contains("SIGSEGV")).isEqualTo(rows.contains(failed));
    }
  }

  /** Against every pair: on the front is whoever no other beats. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void theFrontIsWhomNobodyBeats(long seed) {
    Random random = new Random(seed);
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      points.add(
          new Point(
              "p" + i,
              "p" + i,
              "s",
              0,
              Bar.of(1 + random.nextInt(12), null),
              Bar.of(random.nextInt(12) / 12.0, null)));
    }
    for (boolean higher : new boolean[] {true, false}) {
      double sign = higher ? 1 : -1;
      List<Point> expected =
          points.stream()
              .filter(
                  p ->
                      points.stream()
                          .noneMatch(
                              q ->
                                  q.cost().value() <= p.cost().value()
                                      && sign * q.quality().value() >= sign * p.quality().value()
                                      && (q.cost().value() < p.cost().value()
                                          || q.quality().value() != p.quality().value())))
              .toList();
      assertThat(ParetoChart.front(points, higher)).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-12, 3e-7, 0.04, 1, 7, 999, 1e6, 3.3e9, 1e18})
  void axesHaveRoundTicksInside(double scale) {
    for (Axis axis :
        List.of(
            Axis.fromZero(scale, 3 * scale),
            Axis.fromZero(scale, 5000 * scale),
            Axis.fromZero(scale, 1e12 * scale),
            Axis.around(scale, 1.01 * scale, scale / 1000))) {
      List<Double> ticks = axis.ticks();
      assertThat(ticks).hasSizeBetween(2, 12).isSorted();
      for (double tick : ticks) {
        assertThat(axis.share(tick)).isBetween(-1e-6, 1 + 1e-6);
        if (tick != 0) {
          double mantissa = tick / Math.pow(10, Math.floor(Math.log10(Math.abs(tick)) + 1e-12));
          assertThat(Math.abs(mantissa * 10000 - Math.rint(mantissa * 10000))).isLessThan(1e-3);
        }
      }
    }
  }
}
