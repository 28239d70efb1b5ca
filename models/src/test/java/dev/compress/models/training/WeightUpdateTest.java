package dev.compress.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.compress.train.OptimizerSettings;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Against the rules as the papers write them, in double. */
class WeightUpdateTest {
  private static final double RATE = 0.05;
  private static final double[][] GRADIENTS = {{0.3, -1.5}, {0.1, 2}, {-0.7, 0.4}, {0.2, 0.2}};

  @BeforeAll
  static void nativesAreThere() {
    TrainingFixtures.assumeNatives();
  }

  private static float[] run(OptimizerSettings settings, boolean matrix) {
    Engine engine = OfflineEngine.singleThreaded();
    return Gradients.notRecording(() -> run(engine, settings, matrix));
  }

  private static float[] run(Engine engine, OptimizerSettings settings, boolean matrix) {
    try (NDManager manager = engine.newBaseManager()) {
      Shape shape = matrix ? new Shape(1, 2) : new Shape(2);
      NDArray array = manager.create(new float[] {1, -2}, shape);
      array.setRequiresGradient(true);
      Weight weight = Weight.of("w", array);
      WeightUpdate update = WeightUpdate.of(settings, List.of(weight), manager);
      for (int step = 1; step <= GRADIENTS.length; step++) {
        float[] g = {(float) GRADIENTS[step - 1][0], (float) GRADIENTS[step - 1][1]};
        try (NDManager scope = manager.newSubManager()) {
          update.apply(0, weight, scope.create(g, shape), RATE, step);
        }
      }
      return array.toFloatArray();
    }
  }

  private static void assertClose(float[] found, double[] expected) {
    assertThat(found[0]).isCloseTo((float) expected[0], within(2e-6f));
    assertThat(found[1]).isCloseTo((float) expected[1], within(2e-6f));
  }

  @Test
  void sgdWithNesterovMomentum() {
    double decay = 0.01;
    double[] w = {1, -2};
    double[] v = new double[2];
    for (double[] gradient : GRADIENTS) {
      for (int i = 0; i < 2; i++) {
        w[i] -= RATE * decay * w[i];
        v[i] = 0.9 * v[i] + gradient[i];
        w[i] -= RATE * (gradient[i] + 0.9 * v[i]);
      }
    }
    assertClose(run(OptimizerSettings.SGD.withWeightDecay(decay), true), w);
  }

  @Test
  void adamWithDecoupledDecay() {
    double decay = 0.1;
    assertClose(run(OptimizerSettings.ADAMW.withWeightDecay(decay), true), adam(decay));
  }

  /** Biases and normalizations do not decay. */
  @Test
  void vectorsDoNotDecay() {
    assertClose(run(OptimizerSettings.ADAMW.withWeightDecay(0.1), false), adam(0));
  }

  private static double[] adam(double decay) {
    double[] w = {1, -2};
    double[] m = new double[2];
    double[] s = new double[2];
    for (int step = 1; step <= GRADIENTS.length; step++) {
      for (int i = 0; i < 2; i++) {
        double g = GRADIENTS[step - 1][i];
        w[i] -= RATE * decay * w[i];
        m[i] = 0.9 * m[i] + 0.1 * g;
        s[i] = 0.999 * s[i] + 0.001 * g * g;
        double mean = m[i] / (1 - Math.pow(0.9, step));
        double square = s[i] / (1 - Math.pow(0.999, step));
        w[i] -= RATE * mean / (Math.sqrt(square) + 1e-8);
      }
    }
    return w;
  }
}
