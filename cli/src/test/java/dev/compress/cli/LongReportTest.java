package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cli.console.Style;
import dev.compress.cli.console.Terminal;
import dev.compress.cli.text.TransformText;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.recipe.Recipe;
import dev.compress.report.TransformReport;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** However many nodes were left, the report fits on a screen. */
class LongReportTest {
  private static final int SCREEN = 50;

  private static TransformReport reportOf(List<Skipped> skipped) {
    TransformReport r = Bench.report(Recipe.EMPTY, "m.onnx", Path.of("out.onnx"));
    return new TransformReport(
        r.schema(),
        r.tool(),
        r.input(),
        r.output(),
        r.recipe(),
        r.wallSeconds(),
        r.peakRssBytes(),
        List.of(new TransformReport.Pass("fold-constants", 1, List.of(), skipped)),
        r.trainings(),
        r.kernels(),
        r.integerMacShare(),
        r.fidelity(),
        r.speed(),
        r.loadMs(),
        r.loadPeakBytes(),
        r.accuracy(),
        r.layers(),
        r.data(),
        r.sparsity(),
        r.bitsPerWeight(),
        r.weights(),
        r.energy(),
        r.notes(),
        r.warnings());
  }

  private static List<String> lines(TransformReport report, boolean verbose) {
    return new TransformText(Style.PLAIN, 80, verbose).lines(report);
  }

  @Test
  void nodesOfOneReasonAreOneLineWhateverTheirDetails() {
    List<Skipped> skipped = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      skipped.add(
          new Skipped("fill-" + i, "ConstantOfShape", "too large", "saves " + i + " bytes"));
    }
    TransformReport report = reportOf(skipped);
    assertThat(lines(report, false))
        .hasSizeLessThan(SCREEN)
        .contains("  400  ConstantOfShape  too large")
        .noneMatch(l -> l.contains("bytes that") || l.contains("saves"));
    assertThat(lines(report, true)).anyMatch(l -> l.contains("too large (saves 399 bytes)"));
  }

  @Test
  void manyReasonsAreCountedTogetherAndLongOnesCut() {
    List<Skipped> skipped = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      skipped.add(new Skipped("n" + i, "Conv", "reason " + i + " " + "and so on ".repeat(40)));
    }
    TransformReport report = reportOf(skipped);
    assertThat(lines(report, false))
        .hasSizeLessThan(SCREEN)
        .anyMatch(l -> l.contains("51") && l.contains("for 51 other reasons: see -v"))
        .anyMatch(l -> l.endsWith("..."));
    assertThat(lines(report, true)).hasSizeGreaterThan(400);
  }

  /** A name may hold what sets a terminal's title or fakes a line; colours are the tool's own. */
  @Test
  void controlCharactersOfNamesAreShownNotSent() {
    String name = "\u001b]\u0007\u009b\r\n\u007f\u2028";
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Terminal screen = Terminal.ofScreen(bytes, OutputStream.nullOutputStream(), Map.of());
    TransformReport report = reportOf(List.of(new Skipped("n" + name, "Gemm", "left " + name)));
    new TransformText(screen.style(false), 120, true).lines(report).forEach(screen::println);
    screen.println("one " + name);
    screen.finish();
    String shown = "\\u001b]\\u0007\\u009b\\u000d\\n\\u007f\\u2028";
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .contains("Gemm  left " + shown)
        .contains("one " + shown + "\n")
        .contains("\u001b[1mm.onnx → out.onnx\u001b[0m\n")
        .doesNotContainPattern("\u001b[^\\[]|[\\x00-\\x09\\x0b-\\x1a\\x1c-\\x1f\\x7f-\\x9f]");
  }
}
