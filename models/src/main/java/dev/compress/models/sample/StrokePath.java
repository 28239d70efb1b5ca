package dev.compress.models.sample;

import java.util.ArrayList;
import java.util.List;

/**
 * One way of writing a glyph: its pen strokes as polylines in the unit square, y pointing down.
 * Curves are flattened when the path is read, finely enough that the distortions that follow bend
 * them smoothly.
 *
 * @param strokes one array per stroke, x and y alternating; at least two points each
 */
record StrokePath(List<double[]> strokes) {
  private static final int CURVE_SEGMENTS = 12;
  private static final double LONGEST_SEGMENT = 0.1;
  private static final double UNITS = 100;

  StrokePath {
    strokes = strokes.stream().map(double[]::clone).toList();
  }

  /**
   * Reads the little language of {@code strokes.txt}.
   *
   * @throws IllegalArgumentException if the text is not in that language
   */
  static StrokePath parse(String text) {
    return new Reader(text).read();
  }

  /** Recursive descent is not needed: a command letter, then its fixed count of numbers. */
  private static final class Reader {
    private final String text;
    private final String[] tokens;
    private final List<double[]> strokes = new ArrayList<>();
    private final List<Double> stroke = new ArrayList<>();
    private int next;

    Reader(String text) {
      this.text = text;
      this.tokens = text.trim().split("\\s+", -1);
    }

    StrokePath read() {
      while (next < tokens.length) {
        String command = tokens[next++];
        switch (command) {
          case "M" -> {
            lift();
            add(number(), number());
          }
          case "L" -> line(number(), number());
          case "C" -> curve(number(), number(), number(), number(), number(), number());
          case "E" -> {
            lift();
            arc(number(), number(), number(), number(), number() * UNITS, number() * UNITS);
          }
          default -> throw wrong("unknown command " + command);
        }
      }
      lift();
      if (strokes.isEmpty()) {
        throw wrong("no stroke");
      }
      return new StrokePath(strokes);
    }

    private double number() {
      if (next == tokens.length) {
        throw wrong("ends within a command");
      }
      try {
        return Integer.parseInt(tokens[next++]) / UNITS;
      } catch (NumberFormatException notANumber) {
        throw wrong("expected a whole number, not " + tokens[next - 1]);
      }
    }

    private void line(double x, double y) {
      double fromX = lastX();
      double fromY = lastY();
      double length = Math.sqrt((x - fromX) * (x - fromX) + (y - fromY) * (y - fromY));
      int pieces = Math.max(1, (int) Math.ceil(length / LONGEST_SEGMENT));
      for (int i = 1; i <= pieces; i++) {
        double t = (double) i / pieces;
        add(fromX + t * (x - fromX), fromY + t * (y - fromY));
      }
    }

    private void curve(double x1, double y1, double x2, double y2, double x3, double y3) {
      double x0 = lastX();
      double y0 = lastY();
      for (int i = 1; i <= CURVE_SEGMENTS; i++) {
        double t = (double) i / CURVE_SEGMENTS;
        double s = 1 - t;
        double b0 = s * s * s;
        double b1 = 3 * s * s * t;
        double b2 = 3 * s * t * t;
        double b3 = t * t * t;
        add(b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3, b0 * y0 + b1 * y1 + b2 * y2 + b3 * y3);
      }
    }

    private void arc(double cx, double cy, double rx, double ry, double from, double to) {
      int pieces = Math.max(2, (int) Math.ceil(Math.abs(to - from) / 360 * 3 * CURVE_SEGMENTS));
      for (int i = 0; i <= pieces; i++) {
        double angle = StrictMath.toRadians(from + (to - from) * i / pieces);
        add(cx + rx * StrictMath.cos(angle), cy + ry * StrictMath.sin(angle));
      }
    }

    private void add(double x, double y) {
      stroke.add(x);
      stroke.add(y);
    }

    private double lastX() {
      return last(2);
    }

    private double lastY() {
      return last(1);
    }

    private double last(int back) {
      if (stroke.isEmpty()) {
        throw wrong("draws before the pen is down");
      }
      return stroke.get(stroke.size() - back);
    }

    private void lift() {
      if (stroke.size() == 2) {
        throw wrong("a stroke of one point");
      }
      if (!stroke.isEmpty()) {
        strokes.add(stroke.stream().mapToDouble(Double::doubleValue).toArray());
        stroke.clear();
      }
    }

    private IllegalArgumentException wrong(String what) {
      return new IllegalArgumentException("stroke path \"" + text + "\": " + what);
    }
  }
}
