package dev.compress.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.energy.EnergyReading.Kind;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReports;
import dev.compress.evaluation.SavedReports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page as a browser lays it out and paints it. */
class HtmlEvaluationReportInBrowserTest {
  /** Where marks are on the screen, and what their chart's axes say. */
  private static final String CHARTS =
      "[...document.querySelectorAll('svg.chart')].map(c => ({"
          + "title: c.querySelector('title').textContent,"
          + "points: [...c.querySelectorAll('.point')].map(p => {"
          + "  const m = p.querySelector('circle,rect,path').getBoundingClientRect();"
          + "  return {x: m.x + m.width / 2, y: m.y + m.height / 2, wide: m.width,"
          + "          text: p.querySelector('title').textContent,"
          + "          fill: getComputedStyle(p).fill, best: p.classList.contains('best')}}),"
          + "bars: [...c.querySelectorAll('.whisker')].map(w => {"
          + "  const r = w.getBoundingClientRect();"
          + "  return {left: r.left, right: r.right, top: r.top, bottom: r.bottom}}),"
          + "x: [...c.querySelectorAll('.xtick')].map(t => {"
          + "  const r = t.getBoundingClientRect();"
          + "  return {at: r.x + r.width / 2, text: t.textContent}}),"
          + "y: [...c.querySelectorAll('.ytick')].map((t, i) => ({"
          + "  at: c.querySelectorAll('.grid')[i].getBoundingClientRect().y,"
          + "  text: t.textContent}))}))";

  @TempDir static Path profile;
  private static Chromium browser;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws Exception {
    Optional<Path> program = Chromium.program();
    assumeTrue(program.isPresent(), "no chromium on the path: install it to run this");
    browser = Chromium.start(program.get(), profile);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  private Path write(EvaluationReport report) throws Exception {
    return Files.writeString(folder.resolve("page.html"), HtmlEvaluationReport.of(report));
  }

  /** The number of an axis' label in the unit of the JSON. */
  private static double number(String label) {
    String[] parts = label.replace("~", "").split(" ", -1);
    if (label.endsWith("%")) {
      return Double.parseDouble(label.replace("%", "")) / 100;
    }
    Map<String, Double> units =
        Map.of("kB", 1e3, "MB", 1e6, "us", 1e-3, "ms", 1.0, "mJ", 1e-3, "uJ", 1e-6, "J", 1.0);
    double unit = parts.length > 1 ? units.get(parts[1]) : 1;
    return Double.parseDouble(parts[0]) * unit;
  }

  /** What a place on the screen means, by the outer two labels of an axis. */
  private static double read(JsonNode ticks, double place) {
    JsonNode a = ticks.get(0);
    JsonNode b = ticks.get(ticks.size() - 1);
    double share =
        (place - a.get("at").asDouble()) / (b.get("at").asDouble() - a.get("at").asDouble());
    return number(a.get("text").asText())
        + share * (number(b.get("text").asText()) - number(a.get("text").asText()));
  }

  @ParameterizedTest
  @CsvSource({"1280, false", "1280, true", "390, false", "390, true"})
  void pointsLieWhereTheJsonSays(int width, boolean dark) throws Exception {
    EvaluationReport report = SavedReports.of("pi", Kind.MEASURED);
    JsonNode variants = new ObjectMapper().valueToTree(report).get("variants");
    browser.open(write(report), width, dark);
    JsonNode charts = browser.evaluate(CHARTS);
    assertThat(charts).hasSize(3);
    String[] costs = {"/bytes", "/latency_ms/p50", "/energy/energy_j"};
    String[] intervals = {"", "/latency_ms/p50_ci95", "/energy/ci95"};
    for (int c = 0; c < costs.length; c++) {
      JsonNode chart = charts.get(c);
      assertThat(chart.get("points")).hasSize(variants.size());
      assertThat(chart.get("bars")).hasSize(variants.size());
      double wholeX = number(chart.get("x").get(chart.get("x").size() - 1).get("text").asText());
      for (int v = 0; v < variants.size(); v++) {
        JsonNode point = chart.get("points").get(v);
        JsonNode variant = variants.get(v);
        String name = chart.get("title").asText() + " of " + point.get("text").asText();
        assertThat(point.get("text").asText()).contains(variant.get("name").asText());
        double cost = variant.at(costs[c]).asDouble();
        assertThat(read(chart.get("x"), point.get("x").asDouble()))
            .as(name)
            .isCloseTo(cost, within(0.012 * wholeX));
        double accuracy = variant.at("/accuracy/value").asDouble();
        assertThat(read(chart.get("y"), point.get("y").asDouble()))
            .as(name)
            .isCloseTo(accuracy, within(0.0002));
        JsonNode bar = chart.get("bars").get(v);
        assertThat(read(chart.get("y"), bar.get("top").asDouble()))
            .isCloseTo(variant.at("/accuracy/ci95/1").asDouble(), within(0.0002));
        assertThat(read(chart.get("y"), bar.get("bottom").asDouble()))
            .isCloseTo(variant.at("/accuracy/ci95/0").asDouble(), within(0.0002));
        if (!intervals[c].isEmpty()) {
          double high = variant.at(intervals[c] + "/1").asDouble();
          double shown = read(chart.get("x"), bar.get("right").asDouble());
          // At least as wide as the caps of the vertical bar.
          assertThat(shown).as(name).isGreaterThan(high - 0.012 * wholeX);
          assertThat(shown).as(name).isLessThan(high + 0.03 * wholeX);
        }
        assertThat(point.get("wide").asDouble()).isBetween(5.0, 20.0);
      }
    }
    assertThat(browser.complaints()).isEmpty();
  }

  /** fp16 is worse than float in time, int8 is the fastest, the most accurate is fp16. */
  @Test
  void theFrontIsFilled() throws Exception {
    browser.open(write(SavedReports.of("pi", Kind.MEASURED)), 1280, false);
    JsonNode latency = browser.evaluate(CHARTS).get(1);
    Map<String, Boolean> best = new TreeMap<>();
    Map<String, String> fills = new TreeMap<>();
    for (JsonNode point : latency.get("points")) {
      String name = point.get("text").asText().replaceFirst(":.*", "");
      best.put(name, point.get("best").asBoolean());
      fills.put(name, point.get("fill").asText());
    }
    assertThat(best).containsEntry("int8", true).containsEntry("float", true);
    assertThat(best).containsEntry("fp16", true); // slower than all, but more accurate by 0.01
    assertThat(fills.get("int8")).isEqualTo(fills.get("float")).isNotEqualTo("rgb(255, 255, 255)");
    JsonNode energy = browser.evaluate(CHARTS).get(2);
    assertThat(energy.get("points")).hasSize(3);
  }

  @ParameterizedTest
  @CsvSource({"390", "768", "1280"})
  void nothingIsWiderThanTheScreen(int width) throws Exception {
    EvaluationReport fleet =
        EvaluationReports.merge(
            List.of(
                SavedReports.of("a-machine-with-quite-a-long-name.example", Kind.MEASURED),
                SavedReports.of("b", "a/path/that/goes/on/and/on/model.int8.onnx", Kind.ESTIMATED),
                SavedReports.of("<b>&\"'", "\u65e5\u672c \ud83d\ude00", Kind.UNAVAILABLE)));
    browser.open(write(fleet), width, false);
    JsonNode wide =
        browser.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => !e.closest('.wide')"
                + " && e.getBoundingClientRect().right > innerWidth + 1)"
                + ".map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40))");
    assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
        .as(wide.toString())
        .isLessThanOrEqualTo(width);
    // Labels stay within their chart.
    JsonNode outside =
        browser.evaluate(
            "[...document.querySelectorAll('svg.chart text')].filter(t => {const r ="
                + " t.getBoundingClientRect(), c = t.ownerSVGElement.getBoundingClientRect();return"
                + " r.left < c.left - 1 || r.right > c.right + 1 || r.top < c.top - 1 || r.bottom >"
                + " c.bottom + 1}).map(t => t.textContent)");
    assertThat(outside).isEmpty();
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.evaluate("document.querySelectorAll('svg.chart').length").asInt())
        .isEqualTo(4);
  }

  @Test
  void darkIsDarkAndLightIsLight() throws Exception {
    Path page = write(SavedReports.of("pi", Kind.UNAVAILABLE));
    List<Integer> brightness = new ArrayList<>();
    for (boolean dark : new boolean[] {false, true}) {
      browser.open(page, 800, dark);
      String paper = browser.evaluate("getComputedStyle(document.body).backgroundColor").asText();
      String ink = browser.evaluate("getComputedStyle(document.body).color").asText();
      brightness.add(red(paper));
      brightness.add(red(ink));
    }
    assertThat(brightness.get(0)).isGreaterThan(brightness.get(1) + 120);
    assertThat(brightness.get(3)).isGreaterThan(brightness.get(2) + 120);
  }

  private static int red(String colour) {
    return Integer.parseInt(colour.replaceFirst("rgb\\((\\d+),.*", "$1"));
  }

  @Test
  void theTablesHoldTheNumbersOfTheJson() throws Exception {
    browser.open(write(SavedReports.of("pi", Kind.MEASURED)), 1280, false);
    String text = browser.evaluate("document.body.innerText").asText();
    assertThat(text)
        .contains("519 kB", "97.85% (97.25 to 98.35) top1", "241 us", "95.7 us")
        .contains("0.397 (0.392 to 0.402)", "+0.05 (-0.20 to +0.30)", "0.410 (0.400 to 0.420)")
        .contains("5.10 mJ (5.00 mJ to 5.20 mJ)", "2.04 mJ (1.89 mJ to 2.19 mJ)")
        .contains("28.1 dB", "99.2% of MACs", "1.00 M samples");
  }
}
