package dev.compress.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SymmetricSolverTest {
  private static double[][] positiveDefinite(int n, long seed) {
    Random random = new Random(seed);
    double[][] x = new double[n + 5][n];
    for (double[] row : x) {
      for (int i = 0; i < n; i++) {
        row[i] = random.nextGaussian() * (1 + i % 7) + (i > 0 ? 0.5 * row[i - 1] : 0);
      }
    }
    double[][] a = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (double[] row : x) {
          a[i][j] += row[i] * row[j] / x.length;
        }
      }
      a[i][i] += 0.1;
    }
    return a;
  }

  private static double[][] copy(double[][] a) {
    double[][] copy = a.clone();
    for (int i = 0; i < a.length; i++) {
      copy[i] = a[i].clone();
    }
    return copy;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 63, 64, 65, 130, 257})
  void theFactorTimesItsTransposeIsTheMatrix(int n) {
    double[][] a = positiveDefinite(n, n);
    SymmetricSolver solver = SymmetricSolver.factorise(copy(a), 1);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double product = 0;
        for (int k = 0; k <= j; k++) {
          product += solver.row(i)[k] * solver.row(j)[k];
        }
        assertThat(product).isCloseTo(a[i][j], within(1e-10 * (1 + Math.abs(a[i][i]))));
      }
    }
    double[] x = new Random(1).doubles(n).toArray();
    double[] b = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        b[i] += a[i][j] * x[j];
      }
    }
    assertThat(solver.solve(b)).containsExactly(x, within(1e-8));
    assertThat(solver.size()).isEqualTo(n);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 64, 130})
  void theInverseTimesTheMatrixIsOne(int n) {
    double[][] a = positiveDefinite(n, n);
    SymmetricSolver solver = SymmetricSolver.factorise(copy(a), 2);
    double[][] inverse = solver.inverse(2);
    double[] diagonal = solver.inverseDiagonal(2);
    for (int i = 0; i < n; i++) {
      assertThat(diagonal[i]).isCloseTo(inverse[i][i], within(1e-9 * inverse[i][i]));
      for (int j = 0; j < n; j++) {
        double product = 0;
        for (int k = 0; k < n; k++) {
          product += inverse[i][k] * a[k][j];
        }
        assertThat(product).isCloseTo(i == j ? 1 : 0, within(1e-7));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 63, 64, 130, 259})
  void manyAreSolvedAsOneIs(int n) {
    double[][] a = positiveDefinite(n, n);
    SymmetricSolver solver = SymmetricSolver.factorise(copy(a), 2);
    Random random = new Random(n);
    for (int count : new int[] {1, 64, 70}) {
      double[][] b = new double[count][];
      for (int r = 0; r < count; r++) {
        b[r] = random.doubles(n, -1, 1).toArray();
      }
      double[][] given = copy(b);
      double[][] x = solver.solveAll(b, 3);
      assertThat(b).isDeepEqualTo(given);
      assertThat(solver.solveAll(b, 1)).isDeepEqualTo(x);
      double[][] back = SymmetricProduct.of(x, a, 2);
      for (int r = 0; r < count; r++) {
        assertThat(x[r]).containsExactly(solver.solve(b[r]), within(1e-8));
        assertThat(back[r]).containsExactly(b[r], within(1e-8));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6, 130, 601})
  void productsAreSumsOverTheMatrix(int n) {
    double[][] a = positiveDefinite(n, 7);
    Random random = new Random(n);
    double[][] rows = new double[37][];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = random.doubles(n, -1, 1).toArray();
    }
    double[][] products = SymmetricProduct.of(rows, a, 3);
    assertThat(SymmetricProduct.of(rows, a, 1)).isDeepEqualTo(products);
    double[] dots = SymmetricProduct.dots(rows, products);
    for (int r = 0; r < rows.length; r++) {
      double dot = 0;
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
          sum += rows[r][i] * a[i][j];
        }
        assertThat(products[r][j]).isCloseTo(sum, within(1e-10 * n));
        dot += rows[r][j] * sum;
      }
      assertThat(dots[r]).isCloseTo(dot, within(1e-8 * Math.abs(dot)));
    }
    assertThat(SymmetricProduct.of(new double[0][], a, 1)).isEmpty();
  }

  @Test
  void anyNumberOfThreadsGivesTheSameBits() {
    double[][] a = positiveDefinite(300, 4);
    SymmetricSolver one = SymmetricSolver.factorise(copy(a), 1);
    double[][] triangle = new double[300][];
    for (int i = 0; i < 300; i++) {
      triangle[i] = java.util.Arrays.copyOf(a[i], i + 1);
    }
    SymmetricSolver three = SymmetricSolver.factorise(triangle, 3);
    for (int i = 0; i < 300; i++) {
      for (int j = 0; j <= i; j++) {
        assertThat(three.row(i)[j]).isEqualTo(one.row(i)[j]);
      }
    }
  }

  @Test
  void aMatrixThatIsNotPositiveDefiniteIsRefused() {
    assertThatThrownBy(() -> SymmetricSolver.factorise(new double[][] {{1, 2}, {2, 1}}, 1))
        .isInstanceOf(ArithmeticException.class)
        .hasMessageContaining("row 1");
    assertThatThrownBy(() -> SymmetricSolver.factorise(new double[][] {{Double.NaN}}, 1))
        .isInstanceOf(ArithmeticException.class);
  }
}
