package dev.compress.quantize;

/**
 * One row of weights while its codes are chosen: the codes as multiples of the scale, the errors
 * {@code e = w - wq}, and the gradient {@code g = H e}, which tells at once what moving a code
 * does: moving code j by d changes {@code e H e} by {@code -2 d s_j g_j + s_j^2 H_jj}.
 */
final class RoundedRow {
  /** Rows up to this length also try all pairs. */
  private static final int PAIRS = 96;

  private final RoundingGrid grid;
  private final int row;
  private final double[] weights;
  private final double[] scales;
  private final int[] multiples;
  private final int[] lowest;
  private final int[] highest;
  private final double[] errors;
  private final double[] gradient;

  /** Starts with the nearest codes. */
  RoundedRow(float[] values, int row, RoundingGrid grid, boolean upOrDown) {
    int n = grid.length();
    this.grid = grid;
    this.row = row;
    weights = new double[n];
    scales = new double[n];
    multiples = new int[n];
    lowest = new int[n];
    highest = new int[n];
    errors = new double[n];
    gradient = new double[n];
    for (int j = 0; j < n; j++) {
      weights[j] = values[row * n + j];
      scales[j] = grid.scale(row, j);
      double exact = weights[j] / scales[j];
      int low = grid.lowest(row, j);
      int high = grid.highest(row, j);
      multiples[j] = cut(Math.rint(exact), low, high);
      lowest[j] = upOrDown ? cut(Math.floor(exact), low, high) : low;
      highest[j] = upOrDown ? cut(Math.ceil(exact), low, high) : high;
      errors[j] = weights[j] - multiples[j] * scales[j];
    }
  }

  private static int cut(double value, int low, int high) {
    return (int) Math.max(low, Math.min(high, value));
  }

  /**
   * Chooses the code nearest to a shifted weight.
   *
   * @param shift what the errors of the codes chosen so far ask for
   * @return the error of the new code
   */
  double roundTowards(int j, double shift) {
    multiples[j] = cut(Math.rint((weights[j] + shift) / scales[j]), lowest[j], highest[j]);
    errors[j] = weights[j] - multiples[j] * scales[j];
    return errors[j];
  }

  /** Adds the part of four weights to the gradient; all arrays are indexed alike. */
  void addGradient(double[][] gram, int k) {
    double ea = errors[k];
    double eb = errors[k + 1];
    double ec = errors[k + 2];
    double ed = errors[k + 3];
    double[] a = gram[k];
    double[] b = gram[k + 1];
    double[] c = gram[k + 2];
    double[] d = gram[k + 3];
    double[] g = gradient;
    for (int j = 0; j < g.length; j++) {
      g[j] += ea * a[j] + eb * b[j] + ec * c[j] + ed * d[j];
    }
  }

  void addGradientOfOne(double[][] gram, int k) {
    addMultiple(gradient, gram[k], errors[k]);
  }

  private static void addMultiple(double[] sum, double[] other, double factor) {
    for (int j = 0; j < sum.length; j++) {
      sum[j] += factor * other[j];
    }
  }

  /** {@code e H e}. */
  double error() {
    double sum = 0;
    for (int j = 0; j < errors.length; j++) {
      sum += errors[j] * gradient[j];
    }
    return sum;
  }

  /** Moves codes until no single move (nor, in a short row, pair of moves) lowers the error. */
  void descend(double[][] gram) {
    double floor = -1e-12 * Math.abs(error());
    // Every move lowers the error; the limit is for rows that would take very many.
    for (int moves = 0; moves < 8 * errors.length + 64; moves++) {
      if (!moveBest(gram, floor) && !(errors.length <= PAIRS && movePair(gram, floor))) {
        return;
      }
    }
  }

  /**
   * The direction in which moving code j lowers the error, or costs least; 0 if it may not move.
   */
  private int direction(int j) {
    int wanted = gradient[j] >= 0 ? 1 : -1;
    int moved = multiples[j] + wanted;
    return moved >= lowest[j] && moved <= highest[j] ? wanted : 0;
  }

  private double change(double[][] gram, int j, int direction) {
    double step = direction * scales[j];
    return step * (step * gram[j][j] - 2 * gradient[j]);
  }

  private boolean moveBest(double[][] gram, double floor) {
    double best = floor;
    int found = -1;
    for (int j = 0; j < errors.length; j++) {
      int direction = direction(j);
      if (direction != 0) {
        double change = change(gram, j, direction);
        if (change < best) {
          best = change;
          found = j;
        }
      }
    }
    if (found < 0) {
      return false;
    }
    move(gram, found, direction(found));
    return true;
  }

  private boolean movePair(double[][] gram, double floor) {
    double best = floor;
    int first = -1;
    int second = -1;
    int firstStep = 0;
    int secondStep = 0;
    for (int i = 0; i < errors.length; i++) {
      for (int di = -1; di <= 1; di += 2) {
        if (!mayMove(i, di)) {
          continue;
        }
        double changeOfFirst = change(gram, i, di);
        for (int j = i + 1; j < errors.length; j++) {
          double cross = 2 * di * scales[i] * scales[j] * gram[i][j];
          // The second moves in the direction that the first one makes worthwhile.
          int dj = 2 * gradient[j] * scales[j] - cross >= 0 ? 1 : -1;
          if (mayMove(j, dj)) {
            double change = changeOfFirst + change(gram, j, dj) + dj * cross;
            if (change < best) {
              best = change;
              first = i;
              second = j;
              firstStep = di;
              secondStep = dj;
            }
          }
        }
      }
    }
    if (first < 0) {
      return false;
    }
    move(gram, first, firstStep);
    move(gram, second, secondStep);
    return true;
  }

  private boolean mayMove(int j, int direction) {
    int moved = multiples[j] + direction;
    return moved >= lowest[j] && moved <= highest[j];
  }

  private void move(double[][] gram, int j, int direction) {
    multiples[j] += direction;
    errors[j] = weights[j] - multiples[j] * scales[j];
    addMultiple(gradient, gram[j], -direction * scales[j]);
  }

  void writeCodes(byte[] codes, int at) {
    for (int j = 0; j < multiples.length; j++) {
      codes[at + j] = grid.code(row, j, multiples[j]);
    }
  }
}
