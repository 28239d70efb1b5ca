package dev.compress.models.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrokePathTest {
  @Test
  void readsLinesAndLiftsThePen() {
    StrokePath path = StrokePath.parse("M 0 50 L 100 50 M 20 20 L 20 25");
    assertThat(path.strokes()).hasSize(2);
    double[] first = path.strokes().get(0);
    assertThat(first).hasSize(2 * 11).startsWith(0, 0.5).endsWith(1, 0.5);
    assertThat(path.strokes().get(1)).containsExactly(0.2, 0.2, 0.2, 0.25);
  }

  @Test
  void curvesGoThroughTheBezierPoints() {
    double[] points = StrokePath.parse("M 0 0 C 0 100 100 100 100 0").strokes().get(0);
    assertThat(points).hasSize(2 * 13).startsWith(0, 0).endsWith(1, 0);
    // at t = 1/2 the curve is (p0 + 3 p1 + 3 p2 + p3) / 8
    assertThat(points[12]).isCloseTo(0.5, within(1e-12));
    assertThat(points[13]).isCloseTo(0.75, within(1e-12));
  }

  @Test
  void arcsLieOnTheirEllipse() {
    double[] points = StrokePath.parse("E 50 40 20 30 -90 270").strokes().get(0);
    for (int i = 0; i < points.length; i += 2) {
      double x = (points[i] - 0.5) / 0.2;
      double y = (points[i + 1] - 0.4) / 0.3;
      assertThat(x * x + y * y).isCloseTo(1, within(1e-12));
    }
    assertThat(points[0]).isCloseTo(0.5, within(1e-12));
    assertThat(points[1]).isCloseTo(0.1, within(1e-12));
    assertThat(points[points.length - 1]).isCloseTo(0.1, within(1e-12));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "L 1 2",
        "M 1 2",
        "M 1 2 L 3",
        "M 1 2 L 3 x",
        "M 1 2 Z 3 4",
        "M 1 2 M 3 4 L 5 6"
      })
  void refusesWhatIsNoPath(String text) {
    assertThatThrownBy(() -> StrokePath.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"");
  }
}
