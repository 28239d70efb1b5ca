package dev.compress.calibrate;

/**
 * Searches both ends of a range for the least squared error. The error as a function of the ends
 * has many small dips (values slide over the grid), so no bracketing method is safe: all candidates
 * of a geometric ladder are tried, one end after the other until nothing improves, then the space
 * between the rungs.
 */
final class SquaredErrorSearch {
  /** Each rung is 2^(-1/16), about 4%, below the one before; the lowest keeps a 64th. */
  private static final double RUNG = Math.pow(2, -1.0 / 16);

  private static final int RUNGS = 6 * 16 + 1;
  private static final int ROUNDS = 2;
  private static final int FINE_STEPS = 5;

  private final Histogram histogram;
  private final QuantizationGrid grid;
  private ValueRange best;
  private double bestError;

  SquaredErrorSearch(Histogram histogram, QuantizationGrid grid) {
    this.histogram = histogram;
    this.grid = grid;
    ValueRange full = histogram.summary().range();
    this.best = grid.symmetric() ? full.symmetric() : full;
    this.bestError = grid.meanSquaredError(histogram, best);
  }

  ValueRange fit() {
    ValueRange full = best;
    if (full.isZero()) {
      return full;
    }
    for (double share : ladder()) {
      consider(full.low() * share, full.high() * share);
    }
    boolean twoSided = !grid.symmetric() && full.low() < 0 && full.high() > 0;
    boolean improved = twoSided;
    for (int round = 0; round < ROUNDS && improved; round++) {
      double before = bestError;
      double low = best.low();
      for (double share : ladder()) {
        consider(low, full.high() * share);
      }
      double high = best.high();
      for (double share : ladder()) {
        consider(full.low() * share, high);
      }
      improved = bestError < before;
    }
    refine(full, twoSided);
    return best;
  }

  private void refine(ValueRange full, boolean twoSided) {
    double low = best.low();
    double high = best.high();
    for (int i = -FINE_STEPS; i <= FINE_STEPS; i++) {
      double shareOfHigh = Math.pow(RUNG, i / (FINE_STEPS + 1.0));
      if (!twoSided) {
        considerWithin(full, low * shareOfHigh, high * shareOfHigh);
        continue;
      }
      for (int j = -FINE_STEPS; j <= FINE_STEPS; j++) {
        considerWithin(full, low * Math.pow(RUNG, j / (FINE_STEPS + 1.0)), high * shareOfHigh);
      }
    }
  }

  private void considerWithin(ValueRange full, double low, double high) {
    if (low >= full.low() && high <= full.high()) {
      consider(low, high);
    }
  }

  private void consider(double low, double high) {
    ValueRange range = ValueRange.covering(low, high);
    double error = grid.meanSquaredError(histogram, range);
    if (error < bestError) {
      bestError = error;
      best = range;
    }
  }

  private static double[] ladder() {
    double[] shares = new double[RUNGS];
    for (int i = 0; i < RUNGS; i++) {
      shares[i] = Math.pow(RUNG, i);
    }
    return shares;
  }
}
