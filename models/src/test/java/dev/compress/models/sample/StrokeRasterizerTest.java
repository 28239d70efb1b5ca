package dev.compress.models.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrokeRasterizerTest {
  private static final int SIDE = 28;
  private static final int SUBPIXELS = 16;

  /** Against brute force: the share of a pixel's 256 sub-samples that the pen covers. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 17, 45, 63, 90})
  void inkIsTheCoverageByThePen(double degrees) {
    double dx = 8 * Math.cos(Math.toRadians(degrees));
    double dy = 8 * Math.sin(Math.toRadians(degrees));
    double radius = 1.3;
    StrokeRasterizer rasterizer = new StrokeRasterizer(SIDE);
    rasterizer.draw(new double[] {14 - dx, 14 - dy, 14 + dx, 14 + dy}, radius, radius, 1);
    double worst = 0;
    double total = 0;
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double covered = coverage(x, y, dx, dy, radius);
        worst = Math.max(worst, Math.abs(rasterizer.ink()[y * SIDE + x] - covered));
        total += rasterizer.ink()[y * SIDE + x] - covered;
      }
    }
    assertThat(worst).isLessThan(0.13);
    assertThat(total).isCloseTo(0, within(0.03 * (16 * 2 * radius + Math.PI * radius * radius)));
  }

  private static double coverage(int column, int row, double dx, double dy, double radius) {
    int inside = 0;
    for (int i = 0; i < SUBPIXELS * SUBPIXELS; i++) {
      double px = column + (i % SUBPIXELS + 0.5) / SUBPIXELS - 14;
      double py = row + (Math.floorDiv(i, SUBPIXELS) + 0.5) / SUBPIXELS - 14;
      double along = Math.max(-1, Math.min(1, (px * dx + py * dy) / (dx * dx + dy * dy)));
      double distance = Math.hypot(px - along * dx, py - along * dy);
      inside += distance <= radius ? 1 : 0;
    }
    return (double) inside / (SUBPIXELS * SUBPIXELS);
  }

  @Test
  void strokesThatLeaveTheCanvasAreCut() {
    StrokeRasterizer rasterizer = new StrokeRasterizer(SIDE);
    rasterizer.draw(new double[] {-20, 5, 50, 5}, 1, 1, 0.5);
    rasterizer.draw(new double[] {-20, -20, -10, -10}, 1, 1, 1);
    assertThat(Arrays.stream(rasterizer.ink()).max()).hasValue(0.5);
    rasterizer.clear();
    assertThat(rasterizer.ink()).containsOnly(0);
  }
}
