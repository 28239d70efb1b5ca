package dev.compress.models.autograd;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.compress.models.random.SplitMix64;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares an operator's outputs with those of ONNX Runtime, and its gradients with differences:
 * the gradient in double precision with central differences of a weighted sum of the outputs, and
 * the gradient in single precision with that in double.
 */
final class OpChecks {
  private static final double STEP = 1e-5;
  private static final double GRADIENT_TOLERANCE = 1e-6;
  private static final double SINGLE_TOLERANCE = 2e-4;

  private OpChecks() {}

  static void check(OpCase one) {
    forward(one);
    if (one.differentiable()) {
      gradient(one);
    }
  }

  private static void forward(OpCase one) {
    Map<String, TensorBuffer> feeds = new LinkedHashMap<>();
    one.values()
        .forEach(
            (name, values) ->
                feeds.put(
                    name,
                    TensorBuffer.of(
                        dev.compress.tensor.Shape.of(one.shape(name)), floats(values))));
    SessionOptions options = SessionOptions.of(1).withOptimization(OptimizationLevel.NONE);
    try (InferenceSession session = InferenceSession.open(one.model(ElementType.FLOAT), options);
        NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(one.model(ElementType.FLOAT), manager)) {
      NDList results =
          graph.forward(manager, arrays(one, manager, DataType.FLOAT32), false, List.of());
      Map<String, TensorBuffer> expected = session.run(feeds);
      for (int i = 0; i < one.outputNames().size(); i++) {
        TensorBuffer wanted = requireNonNull(expected.get(one.outputNames().get(i)));
        NDArray result = results.get(i);
        assertThat(result.getShape().getShape())
            .as("shape of output %d", i)
            .isEqualTo(wanted.shape().toArray());
        compare(result, wanted, one.tolerance());
      }
    }
  }

  private static void compare(NDArray result, TensorBuffer wanted, double tolerance) {
    double[] got = Numbers.doubles(result);
    double[] reference =
        wanted.type().isFloatingPoint()
            ? doubles(wanted.toFloats())
            : java.util.Arrays.stream(wanted.toTensor().toLongs()).asDoubleStream().toArray();
    assertThat(got).hasSameSizeAs(reference);
    for (int i = 0; i < got.length; i++) {
      if (Double.isNaN(reference[i]) || Double.isInfinite(reference[i])) {
        assertThat(got[i]).as("element %d", i).isEqualTo(reference[i]);
      } else {
        double bound = tolerance * Math.max(1, Math.abs(reference[i]));
        assertThat(got[i]).as("element %d", i).isCloseTo(reference[i], within(bound));
      }
    }
  }

  private static void gradient(OpCase one) {
    Map<String, double[]> precise = gradients(one, DataType.FLOAT64, ElementType.DOUBLE);
    Map<String, double[]> single = gradients(one, DataType.FLOAT32, ElementType.FLOAT);
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(one.model(ElementType.DOUBLE), manager)) {
      for (Map.Entry<String, double[]> entry : one.values().entrySet()) {
        double[] values = entry.getValue();
        double[] gradient = requireNonNull(precise.get(entry.getKey()));
        double[] inSingle = requireNonNull(single.get(entry.getKey()));
        for (int i = 0; i < values.length; i++) {
          double kept = values[i];
          values[i] = kept + STEP;
          double above = loss(one, graph, manager);
          values[i] = kept - STEP;
          double below = loss(one, graph, manager);
          values[i] = kept;
          double difference = (above - below) / (2 * STEP);
          double size = Math.max(1, Math.abs(difference));
          assertThat(gradient[i])
              .as("gradient of %s[%d]", entry.getKey(), i)
              .isCloseTo(difference, within(GRADIENT_TOLERANCE * size));
          assertThat(inSingle[i])
              .as("gradient of %s[%d] in single precision", entry.getKey(), i)
              .isCloseTo(gradient[i], within(SINGLE_TOLERANCE * size));
        }
      }
    }
  }

  private static double loss(OpCase one, TrainableGraph graph, NDManager manager) {
    try (NDManager scope = manager.newSubManager()) {
      return loss(
              graph.forward(scope, arrays(one, scope, DataType.FLOAT64), false, List.of()), scope)
          .toDoubleArray()[0];
    }
  }

  /** A sum with weights of the floating-point outputs, so that no two elements matter alike. */
  private static NDArray loss(NDList outputs, NDManager scope) {
    NDArray total = null;
    SplitMix64 random = new SplitMix64(3);
    for (NDArray output : outputs) {
      if (!output.getDataType().isFloating()) {
        continue;
      }
      double[] weights = new double[Math.toIntExact(output.size())];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = random.nextGaussian();
      }
      NDArray factor = scope.create(weights, output.getShape()).toType(output.getDataType(), false);
      NDArray part = output.mul(factor).sum();
      total = total == null ? part : total.add(part);
    }
    return requireNonNull(total);
  }

  private static Map<String, double[]> gradients(OpCase one, DataType type, ElementType element) {
    Engine engine = TestEngine.engine();
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(one.model(element), manager)) {
      Map<String, NDArray> arrays = arrays(one, manager, type);
      arrays.values().forEach(array -> array.setRequiresGradient(true));
      int owned = graph.owned();
      try (GradientCollector collector = engine.newGradientCollector()) {
        NDArray loss = loss(graph.forward(manager, arrays, false, List.of()), manager);
        if (type == DataType.FLOAT32) {
          collectGarbage();
        }
        collector.backward(loss);
      }
      assertThat(graph.owned()).as("arrays left behind").isEqualTo(owned);
      Map<String, double[]> gradients = new LinkedHashMap<>();
      arrays.forEach((name, array) -> gradients.put(name, Numbers.doubles(array.getGradient())));
      return gradients;
    }
  }

  /** What an operator leaves to Java's collector must not be what autograd reads afterwards. */
  private static void collectGarbage() {
    System.gc();
    try {
      Thread.sleep(2); // until the memory that belonged to buffers is free
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Map<String, NDArray> arrays(OpCase one, NDManager manager, DataType type) {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    one.values()
        .forEach(
            (name, values) ->
                arrays.put(
                    name,
                    type == DataType.FLOAT64
                        ? manager.create(values, new Shape(one.shape(name)))
                        : manager.create(floats(values), new Shape(one.shape(name)))));
    return arrays;
  }

  private static float[] floats(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }
}
