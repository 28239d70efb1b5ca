package dev.compress.models.sample;

import java.util.Arrays;

/**
 * Draws polylines with a round pen on a small grey canvas. A pixel's ink is {@code clamp(1/2 + r -
 * d, 0, 1)} with d the distance in pixels from its centre to the nearest segment and r the pen's
 * radius there: the exact coverage of a straight edge that crosses the pixel along an axis, and
 * within a few per cent otherwise. Reused for many images; not thread-safe.
 */
final class StrokeRasterizer {
  private final int side;
  private final double[] ink;

  StrokeRasterizer(int side) {
    this.side = side;
    this.ink = new double[side * side];
  }

  void clear() {
    Arrays.fill(ink, 0);
  }

  /**
   * Ink of every pixel in row order, 0 to 1; the caller may change it before the next {@link
   * #clear}.
   */
  double[] ink() {
    return ink;
  }

  /**
   * Draws one stroke; where strokes overlap the darker one counts.
   *
   * @param points x and y alternating, in pixels, pixel centres at .5
   * @param startRadius pen radius in pixels at the first point
   * @param endRadius pen radius in pixels at the last point, in between it changes evenly by point
   * @param darkness ink of a fully covered pixel, 0 to 1
   */
  void draw(double[] points, double startRadius, double endRadius, double darkness) {
    int segments = points.length / 2 - 1;
    for (int i = 0; i < segments; i++) {
      double from = startRadius + (endRadius - startRadius) * i / segments;
      double to = startRadius + (endRadius - startRadius) * (i + 1) / segments;
      segment(
          points[2 * i],
          points[2 * i + 1],
          points[2 * i + 2],
          points[2 * i + 3],
          from,
          to,
          darkness);
    }
  }

  private void segment(
      double x0, double y0, double x1, double y1, double r0, double r1, double darkness) {
    double reach = Math.max(r0, r1) + 1;
    int left = clampToCanvas(Math.floor(Math.min(x0, x1) - reach));
    int right = clampToCanvas(Math.ceil(Math.max(x0, x1) + reach));
    int top = clampToCanvas(Math.floor(Math.min(y0, y1) - reach));
    int bottom = clampToCanvas(Math.ceil(Math.max(y0, y1) + reach));
    double dx = x1 - x0;
    double dy = y1 - y0;
    double squaredLength = dx * dx + dy * dy;
    for (int row = top; row < bottom; row++) {
      for (int column = left; column < right; column++) {
        double px = column + 0.5 - x0;
        double py = row + 0.5 - y0;
        double along = squaredLength == 0 ? 0 : clamp((px * dx + py * dy) / squaredLength);
        double ex = px - along * dx;
        double ey = py - along * dy;
        double distance = Math.sqrt(ex * ex + ey * ey);
        double value = darkness * clamp(0.5 + r0 + along * (r1 - r0) - distance);
        int index = row * side + column;
        if (value > ink[index]) {
          ink[index] = value;
        }
      }
    }
  }

  private int clampToCanvas(double value) {
    return (int) Math.max(0, Math.min(side, value));
  }

  private static double clamp(double value) {
    return Math.max(0, Math.min(1, value));
  }
}
