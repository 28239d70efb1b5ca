package dev.compress.evaluation.report;

import java.util.ArrayList;
import java.util.List;

/**
 * Where values lie between two ends, and the round values to mark.
 *
 * @param low the value at the axis' beginning
 * @param high the value at its end
 * @param logarithmic whether equal ratios, rather than differences, are equally long
 */
record Axis(double low, double high, boolean logarithmic) {
  /** Beyond this ratio small values could not be told apart on a linear axis. */
  private static final double LARGEST_LINEAR_RATIO = 30;

  private static final int TICKS = 5;
  private static final double ROOM = 0.08;
  private static final double[] STEPS = {1, 2, 2.5, 5, 10};

  /** From zero to a little over the largest; logarithmic where values are too far apart. */
  static Axis fromZero(double smallest, double largest) {
    if (smallest > 0 && largest / smallest > LARGEST_LINEAR_RATIO) {
      double room = Math.pow(largest / smallest, ROOM);
      return new Axis(smallest / room, largest * room, true);
    }
    return new Axis(0, largest > 0 ? largest * (1 + ROOM) : 1, false);
  }

  /**
   * Around values, so that small differences show.
   *
   * @param smallest value
   * @param largest value
   * @param shortest length at least, so that noise does not fill the chart
   */
  static Axis around(double smallest, double largest, double shortest) {
    double length = Math.max(largest - smallest, shortest);
    double middle = (smallest + largest) / 2;
    return new Axis(middle - length * (0.5 + ROOM), middle + length * (0.5 + ROOM), false);
  }

  /** The same, not beyond two bounds. */
  Axis within(double least, double most) {
    return new Axis(Math.max(low, least), Math.min(high, most), logarithmic);
  }

  /** From 0 at the beginning to 1 at the end. */
  double share(double value) {
    return logarithmic
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
  }

  /** Round values inside, few enough to be labelled. */
  List<Double> ticks() {
    return logarithmic ? powers() : steps();
  }

  private List<Double> steps() {
    double rough = (high - low) / TICKS;
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double step = power;
    for (double candidate : STEPS) {
      step = candidate * power;
      if (step >= rough) {
        break;
      }
    }
    List<Double> ticks = new ArrayList<>();
    double tolerance = step * 1e-9;
    for (double k = Math.ceil((low - tolerance) / step); k * step <= high + tolerance; k++) {
      ticks.add(k * step);
    }
    return ticks;
  }

  private List<Double> powers() {
    List<Double> ticks = new ArrayList<>();
    boolean wide = high / low > 1e4;
    int every = (int) Math.max(1, Math.ceil(Math.log10(high / low) / (TICKS + 1)));
    for (int e = (int) Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
      if (Math.floorMod(e, every) != 0) {
        continue;
      }
      for (double m : wide ? new double[] {1} : new double[] {1, 3}) {
        double tick = m * Math.pow(10, e);
        if (tick >= low && tick <= high) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }
}
