package dev.compress.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Eigenvectors by their definition, factors by the error that theory gives and by other factors.
 */
class LowRankFactorsTest {
  private static double[][] gaussian(Random random, int rows, int columns) {
    double[][] matrix = new double[rows][columns];
    for (double[] row : matrix) {
      for (int j = 0; j < columns; j++) {
        row[j] = random.nextGaussian();
      }
    }
    return matrix;
  }

  private static double[][] product(double[][] a, double[][] b) {
    double[][] c = new double[a.length][b[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int k = 0; k < b.length; k++) {
        for (int j = 0; j < b[0].length; j++) {
          c[i][j] += a[i][k] * b[k][j];
        }
      }
    }
    return c;
  }

  private static double[][] gram(double[][] a) {
    double[][] gram = new double[a[0].length][a[0].length];
    for (double[] row : a) {
      for (int i = 0; i < row.length; i++) {
        for (int j = 0; j < row.length; j++) {
          gram[i][j] += row[i] * row[j] / a.length;
        }
      }
    }
    return gram;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10, 65, 150})
  void eigenvectorsAreWhatTheirNameSays(int n) {
    double[][] a = gram(gaussian(new Random(n), n + 3, n));
    if (n == 10) {
      a[3] = new double[n]; // a row of zeros, and with it its column
      for (double[] row : a) {
        row[3] = 0;
      }
    }
    SymmetricEigen eigen = new SymmetricEigen(a);
    double[] values = eigen.values();
    double trace = 0;
    for (int k = 0; k < n; k++) {
      double[] v = eigen.vector(k);
      double length = 0;
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
          sum += a[i][j] * v[j];
        }
        assertThat(sum).isCloseTo(values[k] * v[i], within(1e-9));
        length += v[i] * v[i];
      }
      assertThat(length).isCloseTo(1, within(1e-10));
      assertThat(values[k]).isLessThanOrEqualTo(k == 0 ? values[k] : values[k - 1]);
      trace += a[k][k] - values[k];
    }
    assertThat(trace).isCloseTo(0, within(1e-8));
  }

  /** Matrices whose other eigenvalues are zero, with those that are not. */
  static Stream<Arguments> deficient() {
    int n = 300;
    double[][] equal = new double[n][n];
    double[][] signs = new double[n][n];
    double[][] blocks = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        equal[i][j] = n / 16.0;
        signs[i][j] = i * 7 % 3 == 0 == (j * 7 % 3 == 0) ? n : -n;
        blocks[i][j] = i < 100 == j < 100 ? (i < 100 ? 1 : 98) : 0;
      }
    }
    double[][] thin = gaussian(new Random(4), n, 8);
    double[][] tiled = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (int k = 0; k < 8; k++) {
          tiled[i][j] += thin[i][k] * thin[j][k];
        }
      }
    }
    return Stream.of(
        Arguments.of("equal", equal, 1, n * n / 16.0),
        Arguments.of("signs", signs, 1, (double) n * n),
        Arguments.of("blocks", blocks, 2, 98.0 * 200 + 100),
        Arguments.of("tiled", tiled, 8, trace(tiled)),
        Arguments.of("zero", new double[n][n], 0, 0.0));
  }

  private static double trace(double[][] matrix) {
    double trace = 0;
    for (int i = 0; i < matrix.length; i++) {
      trace += matrix[i][i];
    }
    return trace;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("deficient")
  void eigenvaluesOfZeroAreFound(String name, double[][] a, int rank, double trace) {
    SymmetricEigen eigen = new SymmetricEigen(a);
    double[] values = eigen.values();
    int n = a.length;
    double within = 1e-12 * Math.max(1, trace);
    double[][] vectors = new double[n][];
    double sum = 0;
    for (int k = 0; k < n; k++) {
      vectors[k] = eigen.vector(k);
      sum += values[k];
      if (k >= rank) {
        assertThat(values[k]).as(name + " " + k).isCloseTo(0, within(within));
      }
    }
    assertThat(sum).isCloseTo(trace, within(within));
    for (int k = 0; k < n; k++) {
      for (int i = 0; i < n; i++) {
        double product = 0;
        double cosine = 0;
        for (int j = 0; j < n; j++) {
          product += a[i][j] * vectors[k][j];
          cosine += vectors[i][j] * vectors[k][j];
        }
        assertThat(product).isCloseTo(values[k] * vectors[k][i], within(within));
        assertThat(cosine).isCloseTo(i == k ? 1 : 0, within(1e-12));
      }
    }
  }

  /** {@code E|(W - B A) x|^2}. */
  private static double error(double[][] w, double[][] b, double[][] a, double[][] h) {
    double[][] off = product(b, a);
    double error = 0;
    for (int o = 0; o < w.length; o++) {
      for (int i = 0; i < h.length; i++) {
        off[o][i] = w[o][i] - off[o][i];
      }
      for (int i = 0; i < h.length; i++) {
        for (int j = 0; j < h.length; j++) {
          error += off[o][i] * h[i][j] * off[o][j];
        }
      }
    }
    return error;
  }

  @ParameterizedTest
  @CsvSource({"12, 7, true", "7, 12, true", "12, 7, false", "7, 12, false", "9, 9, true"})
  void theErrorIsTheEnergyThatWasCutOffAndNoOtherFactorsAreBetter(int out, int in, boolean data) {
    Random random = new Random(out * 31L + in);
    double[][] w = gaussian(random, out, in);
    double[][] identity = new double[in][in];
    for (int i = 0; i < in; i++) {
      identity[i][i] = 1;
    }
    double[][] mixed = product(gaussian(random, 200, in), gaussian(random, in, in));
    double[][] h = data ? gram(mixed) : identity;
    LowRankFactors factors = LowRankFactors.of(w, data ? h : new double[0][], 0.9, 2);
    double energy = error(w, new double[out][1], new double[1][in], h);
    double found = error(w, factors.second(), factors.first(), h);
    assertThat(found / energy).isCloseTo(1 - factors.energy(), within(1e-4));
    assertThat(factors.energy()).isGreaterThanOrEqualTo(0.9);
    assertThat(factors.rank()).isLessThan(Math.min(in, out));
    // Any small change of the factors is worse.
    for (int trial = 0; trial < 20; trial++) {
      double[][] a = gaussian(random, factors.rank(), in);
      double[][] b = gaussian(random, out, factors.rank());
      for (int k = 0; k < factors.rank(); k++) {
        for (int i = 0; i < in; i++) {
          a[k][i] = factors.first()[k][i] + 0.03 * a[k][i];
        }
        for (int o = 0; o < out; o++) {
          b[o][k] = factors.second()[o][k] + 0.03 * b[o][k];
        }
      }
      assertThat(error(w, b, a, h)).isGreaterThan(found);
    }
    assertThat(LowRankFactors.of(w, data ? h : new double[0][], 0.5, 1).rank())
        .isLessThan(factors.rank());
  }
}
