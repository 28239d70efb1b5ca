package dev.compress.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.energy.EnergyReading.Kind;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.SavedReports;
import org.junit.jupiter.api.Test;

class FootprintCellsTest {
  @Test
  void moneyHasNoExponentAndAnEstimateTwoFigures() {
    assertThat(FootprintCells.money(4.3123e-5, true)).isEqualTo("~0.000043");
    assertThat(FootprintCells.money(4.3123e-5, false)).isEqualTo("0.0000431");
    assertThat(FootprintCells.money(1234.5, false)).isEqualTo("1230");
    assertThat(FootprintCells.money(0, false)).isEqualTo("0");
    assertThat(FootprintCells.grams(0.010, true)).isEqualTo("~10 mg");
    assertThat(FootprintCells.grams(0.0097, true)).isEqualTo("~9.7 mg");
    assertThat(FootprintCells.grams(0.0097, false)).isEqualTo("9.70 mg");
  }

  @Test
  void aMillionSamplesAreTold() {
    EvaluationReport report = SavedReports.of("edge", Kind.MEASURED);
    assertThat(FootprintCells.anyIn(report)).isTrue();
    assertThat(FootprintCells.of(report.variants().get(0)))
        .containsExactly("float", "100 ng", "100 mg", "0.002");
    assertThat(MarkdownEvaluationReport.of(report))
        .contains("| CO2e a million |", "| float | 100 ng | 100 mg | 0.002 |");
  }
}
