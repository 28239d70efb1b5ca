package dev.compress.calibrate;

/**
 * The Kullback-Leibler divergence of cut and quantized histograms, and the search for its minimum.
 *
 * <p>With counts {@code c}, {@code N} their sum, a range of bins {@code [from, to)} and {@code I}
 * the sum inside: {@code P_j = (c_j + what was cut at j) / N}; the range is divided into equal
 * cells, one a level, and {@code Q = mean of c over the part of the cell that is not empty / I}.
 * Where a cell ends within a bin, the bin is divided in proportion: without that the divergence
 * jumps with the remainder of bins by cells, and the remainder decides instead of the values.
 *
 * <p>A range may cut only at a bin that is not empty, so that Q is zero only where P is, and
 * nothing needs to be smoothed. Prefix sums make one divergence cost as much as there are cells,
 * whatever the number of bins.
 */
final class DivergenceSearch {
  private final int bins;
  private final int cells;
  private final double[] mass; // mass[j]: sum of the counts below bin j
  private final double[] entropy; // likewise of c log c
  private final int[] occupied; // likewise of bins that are not empty

  DivergenceSearch(long[] counts, int cells) {
    this.bins = counts.length;
    this.cells = cells;
    mass = new double[bins + 2]; // the last entry repeats, so that every edge has a next one
    entropy = new double[bins + 1];
    occupied = new int[bins + 2];
    for (int j = 0; j < bins; j++) {
      mass[j + 1] = mass[j] + counts[j];
      entropy[j + 1] = entropy[j] + timesLog((double) counts[j]);
      occupied[j + 1] = occupied[j] + (counts[j] > 0 ? 1 : 0);
    }
    mass[bins + 1] = mass[bins];
    occupied[bins + 1] = occupied[bins];
  }

  private static double timesLog(double x) {
    return x > 0 ? x * Math.log(x) : 0;
  }

  /** Whether a range keeps a bin for each cell, and cuts only at bins that are not empty. */
  private boolean isCandidate(int from, int to) {
    boolean cutsBelow = mass[from] > 0;
    boolean cutsAbove = mass[to] < mass[bins];
    return to - from >= Math.min(cells, bins)
        && !(cutsBelow && mass[from + 1] == mass[from])
        && !(cutsAbove && mass[to] == mass[to - 1]);
  }

  /** KL(P || Q) in nats of the bins {@code from} to {@code to - 1}; infinite for no candidate. */
  double divergence(int from, int to) {
    double inside = mass[to] - mass[from];
    if (!isCandidate(from, to) || inside == 0) {
      return Double.POSITIVE_INFINITY;
    }
    double below = mass[from];
    double above = mass[bins] - mass[to];
    double ofP = entropy[to] - entropy[from];
    ofP += cutTerm(from, below) + cutTerm(to - 1, above);
    double ofQ = 0;
    double width = (double) (to - from) / Math.min(cells, to - from);
    int last = Math.min(cells, to - from) - 1;
    double passed = mass[from];
    double passedOccupied = occupied[from];
    for (int cell = 0; cell <= last; cell++) {
      double edge = from + (cell + 1) * width;
      // At the last edge, rounding must not reach into the bins that were cut.
      int bin = cell == last ? to : (int) edge;
      double part = cell == last ? 0 : edge - bin;
      double reached = mass[bin] + part * (mass[bin + 1] - mass[bin]);
      double reachedOccupied = occupied[bin] + part * (occupied[bin + 1] - occupied[bin]);
      double inCell = reached - passed;
      double wide = reachedOccupied - passedOccupied;
      if (inCell > 0 && wide > 0) {
        double reference = inCell + (cell == 0 ? below : 0) + (cell == last ? above : 0);
        ofQ += reference * Math.log(inCell / wide);
      }
      passed = reached;
      passedOccupied = reachedOccupied;
    }
    return (ofP - ofQ) / mass[bins] - Math.log(mass[bins]) + Math.log(inside);
  }

  /** How much {@code p log p} grows at the end where values were cut. */
  private double cutTerm(int bin, double cut) {
    double own = mass[bin + 1] - mass[bin];
    return timesLog(own + cut) - timesLog(own);
  }

  /**
   * The range with the least divergence among those that cut both sides at the same distance from
   * zero, where values reach so far; the widest of equals.
   *
   * @param zero the bin edge that is zero
   * @return from and to
   */
  int[] search(int zero) {
    int[] best = {0, bins};
    double least = divergence(0, bins);
    for (int reach = Math.max(zero, bins - zero) - 1; reach >= 1; reach--) {
      int from = nextOccupied(Math.max(zero - reach, 0), zero);
      int to = previousOccupied(Math.min(zero + reach, bins), zero);
      double found = divergence(from, to);
      if (found < least) {
        least = found;
        best = new int[] {from, to};
      }
    }
    return best;
  }

  /** The first bin from {@code bin} on that is not empty, or {@code limit}. */
  private int nextOccupied(int bin, int limit) {
    int at = bin;
    while (at < limit && occupied[at + 1] == occupied[at]) {
      at++;
    }
    return at;
  }

  /** The end of the last bin before {@code end} that is not empty, or {@code limit}. */
  private int previousOccupied(int end, int limit) {
    int at = end;
    while (at > limit && occupied[at] == occupied[at - 1]) {
      at--;
    }
    return at;
  }

  /** The range with the least divergence, as real values. */
  static ValueRange fit(Histogram histogram, QuantizationGrid grid, int bins) {
    ValueRange full = histogram.summary().range();
    if (grid.symmetric()) {
      full = full.symmetric();
    }
    if (full.isZero() || histogram.zeroCount() == histogram.summary().finiteCount()) {
      return full;
    }
    boolean folded = grid.symmetric();
    double span = folded ? full.absMax() : full.width();
    // A power of two: then no bin of the histogram straddles two of ours.
    double width = Math.scalb(1.0, Math.getExponent(span / bins));
    int zero = folded ? 0 : (int) Math.ceil(-full.low() / width);
    long[] counts = new long[zero + (int) Math.floor(full.high() / width) + 1];
    for (int i = 0; i < histogram.size(); i++) {
      double value = histogram.middle(i);
      if (value != 0) {
        double place = folded ? Math.abs(value) / width : value / width + zero;
        counts[(int) Math.floor(place)] += histogram.count(i);
      }
    }
    int cells = folded ? (grid.levels() + 1) / 2 : grid.levels();
    int[] found = new DivergenceSearch(counts, cells).search(zero);
    double low = Math.max((found[0] - zero) * width, full.low());
    double high = Math.min((found[1] - zero) * width, full.high());
    return folded ? ValueRange.covering(-high, high) : ValueRange.covering(low, high);
  }
}
