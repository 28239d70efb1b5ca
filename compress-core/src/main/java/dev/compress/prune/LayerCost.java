package dev.compress.prune;

import java.util.List;

/**
 * What zeros of one layer cost the model's outputs, as measured with a few numbers of them. Between
 * two of these the cost is taken to grow with the squared scores that are set to zero.
 *
 * @param zeros up to which each factor holds, rising
 * @param factors by how much the outputs change for each squared score, never falling
 */
@SuppressWarnings("ArrayRecordComponent") // made once and only read
record LayerCost(long[] zeros, double[] factors) {
  private static final double LEAST = 1e-12;

  /**
   * One measurement.
   *
   * @param zeros how many
   * @param squares the sum of their squared scores
   * @param moved how far the outputs moved
   */
  record Point(long zeros, double squares, double moved) {}

  /**
   * By measurements.
   *
   * @param points with rising numbers of zeros
   */
  static LayerCost of(List<Point> points) {
    long[] zeros = new long[points.size()];
    double[] factors = new double[points.size()];
    Point last = new Point(0, 0, 0);
    double factor = LEAST;
    for (int i = 0; i < zeros.length; i++) {
      Point point = points.get(i);
      double squares = point.squares() - last.squares();
      if (squares > 0) {
        // Later weights are never cheaper than those before them: what says so is noise.
        factor = Math.max(factor, (point.moved() - last.moved()) / squares);
      }
      zeros[i] = point.zeros();
      factors[i] = factor;
      last = point;
    }
    return new LayerCost(zeros, factors);
  }

  /** By how much the outputs change for each squared score, where so many zeros are already. */
  double factor(long already) {
    int i = 0;
    while (i < zeros.length - 1 && already >= zeros[i]) {
      i++;
    }
    return factors[i];
  }

  /** As many zeros as were measured at most: beyond, nothing is known. */
  long most() {
    return zeros[zeros.length - 1];
  }
}
