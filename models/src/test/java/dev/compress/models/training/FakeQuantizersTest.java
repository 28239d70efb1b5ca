package dev.compress.models.training;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.autograd.Parameter;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import dev.compress.train.FakeQuantization;
import dev.compress.train.FakeQuantization.QuantizedValue;
import dev.compress.train.FakeQuantization.QuantizedWeight;
import dev.compress.train.FakeQuantization.Scale;
import dev.compress.train.OptimizerSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gradients of LSQ against the formulas of the paper, in double, and finite differences. */
class FakeQuantizersTest {
  private static final int ROWS = 6;
  private static final int IN = 5;
  private static final int OUT = 3;

  @BeforeAll
  static void nativesAreThere() {
    TrainingFixtures.assumeNatives();
  }

  /** {@code y = x w}, the loss being the sum of {@code y k}. */
  private static OnnxModel product(float[] w) {
    Graph graph =
        Graph.of(
            "product",
            List.of(Node.of("MatMul", "m", List.of("x", "w"), List.of("y"))),
            List.of(Initializer.of("w", Tensor.ofFloats(dev.compress.tensor.Shape.of(IN, OUT), w))),
            List.of(value("x", IN)),
            List.of(value("y", OUT)));
    return OnnxModel.of(8, 17, graph);
  }

  private static ValueInfo value(String name, long width) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(width))));
  }

  private static float[] numbers(int count, double deviation, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (deviation * (2 * random.nextDouble() - 1));
    }
    return values;
  }

  /** The loss, and what it is differentiated by: weight, scales by name. */
  @SuppressWarnings("ArrayRecordComponent") // only read
  private record Found(double loss, float[] weight, Map<String, float[]> scales) {
    float[] scale(String name) {
      return requireNonNull(scales.get(name));
    }
  }

  private static Found differentiate(
      FakeQuantization quantization, float[] x, float[] w, float[] k, boolean scaled) {
    Engine engine = OfflineEngine.singleThreaded();
    return Gradients.notRecording(
        () -> {
          try (NDManager manager = engine.newBaseManager();
              TrainableGraph graph = TrainableGraph.of(product(w), manager)) {
            FakeQuantizers quantizers = new FakeQuantizers(quantization, graph, manager);
            try (NDManager scope = manager.newSubManager()) {
              double loss =
                  Gradients.recording(
                      () -> {
                        NDArray y =
                            graph
                                .forward(
                                    scope,
                                    Map.of("x", scope.create(x, new Shape(ROWS, IN))),
                                    true,
                                    List.of())
                                .get(0);
                        NDArray sum = y.mul(scope.create(k, new Shape(ROWS, OUT))).sum();
                        System.gc(); // what autograd keeps must not be Java's
                        Gradients.backward(sum, scope);
                        return (double) sum.getFloat();
                      });
              Parameter parameter = graph.parameters().get(0);
              Map<String, float[]> scales = new HashMap<>();
              for (Weight weight : quantizers.weights()) {
                NDArray gradient = Gradients.of(weight.array(), scope);
                if (scaled) {
                  quantizers.scaleGradient(weight, gradient);
                }
                scales.put(weight.name(), gradient.toFloatArray());
              }
              return new Found(loss, Gradients.of(parameter.array(), scope).toFloatArray(), scales);
            }
          }
        });
  }

  private static Scale scale(String name, long[] shape, Float... initial) {
    return new Scale(name, dev.compress.tensor.Shape.of(shape), List.of(initial), Float.MAX_VALUE);
  }

  private static FakeQuantization of(QuantizedValue x, Scale sx, QuantizedWeight w, Scale sw) {
    return new FakeQuantization(List.of(sx, sw), List.of(w), List.of(x));
  }

  private static double rounded(double v, int least, int most) {
    return Math.max(least, Math.min(most, Math.rint(v)));
  }

  /** Equation 3 of the paper. */
  private static double lsq(double v, int least, int most) {
    return v <= least ? least : v >= most ? most : Math.rint(v) - v;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void gradientsAreThoseOfThePaper(long seed) {
    float[] x = numbers(ROWS * IN, 2, seed);
    float[] w = numbers(IN * OUT, 1, seed + 10);
    float[] k = numbers(ROWS * OUT, 1, seed + 20);
    Float[] sw = {0.11f, 0.3f, 0.07f}; // the last cuts off
    float sx = 0.3f;
    int least = -3;
    int most = 4;
    int limit = 7;
    FakeQuantization quantization =
        of(
            new QuantizedValue("x", "sx", least, most),
            scale("sx", new long[] {1}, sx),
            new QuantizedWeight("w", "sw", limit, 0),
            scale("sw", new long[] {1, OUT}, sw));
    Found found = differentiate(quantization, x, w, k, true);
    double loss = 0;
    double[] weight = new double[IN * OUT];
    double[] bySw = new double[OUT];
    double bySx = 0;
    for (int r = 0; r < ROWS; r++) {
      for (int i = 0; i < IN; i++) {
        float v = x[r * IN + i] / sx;
        double xq = sx * rounded(v, least, most);
        for (int o = 0; o < OUT; o++) {
          float u = w[i * OUT + o] / sw[o];
          double wq = sw[o] * rounded(u, -limit, limit);
          double g = k[r * OUT + o];
          loss += g * xq * wq;
          weight[i * OUT + o] += g * xq * (Math.abs(u) < limit ? 1 : 0);
          bySw[o] += g * xq * lsq(u, -limit, limit);
          bySx += g * wq * lsq(v, least, most);
        }
      }
    }
    assertThat(found.loss()).isCloseTo(loss, within(1e-4));
    assertClose(found.weight(), weight);
    double perWeight = 1 / Math.sqrt((double) IN * limit);
    for (int o = 0; o < OUT; o++) {
      bySw[o] *= perWeight;
    }
    assertClose(found.scale("sw"), bySw);
    assertClose(found.scale("sx"), new double[] {bySx / Math.sqrt((double) IN * most)});
  }

  private static void assertClose(float[] found, double[] expected) {
    assertThat(found).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) found[i]).as("element " + i).isCloseTo(expected[i], within(1e-4));
    }
  }

  /** Where codes are given, or cut off, the loss is a smooth function of the scales. */
  @Test
  void gradientsOfScalesAreFiniteDifferencesWhereNothingIsRounded() {
    float unit = 0.02f;
    float[] w = new float[IN * OUT];
    for (int i = 0; i < w.length; i++) {
      w[i] = unit * (i % 9 - 4);
    }
    float[] x = numbers(ROWS * IN, 1, 4);
    for (int i = 0; i < x.length; i++) {
      x[i] += x[i] < 0 ? -3 : 3; // all beyond the codes
    }
    float[] k = numbers(ROWS * OUT, 1, 5);
    Found at = differentiate(shared(unit, 0.5f, 0.1f), x, w, k, false);
    float step = 1e-2f;
    for (String name : List.of("sx", "sw")) {
      float dx = name.equals("sx") ? step : 0;
      float dw = name.equals("sw") ? step : 0;
      double up = differentiate(shared(unit, 0.5f + dx, 0.1f + dw), x, w, k, false).loss();
      double down = differentiate(shared(unit, 0.5f - dx, 0.1f - dw), x, w, k, false).loss();
      double slope = (up - down) / (2 * step);
      double found = 0;
      for (float one : at.scale(name)) {
        found += one;
      }
      assertThat(found).as(name).isCloseTo(slope, within(2e-3 * Math.max(1, Math.abs(slope))));
    }
  }

  private static FakeQuantization shared(float unit, float sx, float sw) {
    return of(
        new QuantizedValue("x", "sx", -4, 3),
        scale("sx", new long[] {1}, sx),
        new QuantizedWeight("w", "sw", 127, unit),
        scale("sw", new long[] {1, OUT}, sw, sw + 0.05f, sw));
  }

  /** A step moves by shares of itself, whatever its gradient, and stays positive. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void stepsStayPositive(boolean adam) {
    Engine engine = OfflineEngine.singleThreaded();
    OptimizerSettings rule = adam ? OptimizerSettings.ADAMW : OptimizerSettings.SGD;
    float[] after =
        Gradients.notRecording(
            () -> {
              try (NDManager manager = engine.newBaseManager()) {
                NDArray array = manager.create(new float[] {1e-3f, 2});
                array.setRequiresGradient(true);
                Weight weight = Weight.ofStep("s", array);
                WeightUpdate update = WeightUpdate.of(rule, List.of(weight), manager);
                for (int i = 1; i <= 3; i++) {
                  try (NDManager scope = manager.newSubManager()) {
                    update.apply(0, weight, scope.create(new float[] {5, 1e-3f}), 0.01, i);
                  }
                }
                return array.toFloatArray();
              }
            });
    assertThat(after[0]).isPositive().isLessThan(1e-3f);
    assertThat(after[1]).isPositive().isLessThan(2);
    if (adam) { // each step is a hundredth
      assertThat((double) after[0]).isCloseTo(1e-3 * Math.pow(0.99, 3), within(1e-7));
      assertThat((double) after[1]).isCloseTo(2 * Math.pow(0.99, 3), within(1e-4));
    }
  }
}
