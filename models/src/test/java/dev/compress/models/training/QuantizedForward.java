package dev.compress.models.training;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.compress.graph.Extras;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.metric.FidelityScorer;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.FakeQuantization.QuantizedValue;
import dev.compress.train.QuantizedTraining;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the trainer computes of a quantized file, beside what ONNX Runtime does. */
final class QuantizedForward {
  private QuantizedForward() {}

  /**
   * How close the outputs are, in decibels.
   *
   * @param exact to ONNX Runtime's with the graph as it stands
   * @param integer to those with its integer kernels
   */
  record Closeness(double exact, double integer) {}

  /**
   * Requires equal codes of all quantized values but few, and says how close the output is.
   *
   * @param shallow so many values from the inputs on are held to the letter. What lies deeper takes
   *     in what a value before it that fell half-way between two codes was rounded to: each layer
   *     of a deep network doubles the differences or so
   */
  static Closeness assertSameCodes(OnnxModel of, Map<String, TensorBuffer> inputs, int shallow) {
    QuantizedTraining ready = QuantizedTraining.of(of, of, 127, 0);
    List<QuantizedValue> values = ready.structure().quantization().values();
    assertThat(values).hasSizeGreaterThan(5);
    List<String> names = values.stream().map(QuantizedValue::value).toList();
    Map<String, TensorBuffer> exact =
        outputs(of, names, inputs, SessionOptions.of(1).withOptimization(OptimizationLevel.NONE));
    Map<String, TensorBuffer> integer = outputs(of, List.of(), inputs, SessionOptions.of(1));
    Engine engine = OfflineEngine.singleThreaded();
    return Gradients.notRecording(
        () -> {
          try (NDManager manager = engine.newBaseManager();
              TrainableGraph graph = TrainableGraph.of(ready.model(), manager);
              NDManager scope = manager.newSubManager()) {
            new FakeQuantizers(ready.structure().quantization(), graph, manager);
            NDList found = graph.forward(scope, BatchArrays.of(inputs, scope), false, names);
            Map<String, Float> steps = new HashMap<>();
            ready
                .structure()
                .quantization()
                .scales()
                .forEach(s -> steps.put(s.name(), s.initial().get(0)));
            for (int i = 0; i < values.size(); i++) {
              float step = requireNonNull(steps.get(values.get(i).scale()));
              float[] mine = found.get(graph.outputNames().size() + i).toFloatArray();
              float[] runtime = requireNonNull(exact.get(names.get(i))).toFloats();
              assertWithinACode(names.get(i), mine, runtime, step, i < shallow);
            }
            String output = graph.outputNames().get(0);
            float[] mine = found.get(0).toFloatArray();
            return new Closeness(
                decibels(mine, requireNonNull(exact.get(output))),
                decibels(mine, requireNonNull(integer.get(output))));
          }
        });
  }

  private static Map<String, TensorBuffer> outputs(
      OnnxModel of, List<String> inner, Map<String, TensorBuffer> inputs, SessionOptions options) {
    List<ValueInfo> outputs = new ArrayList<>(of.graph().outputs());
    inner.stream()
        .filter(n -> outputs.stream().noneMatch(o -> o.name().equals(n)))
        .forEach(n -> outputs.add(ValueInfo.of(n, outputs.get(0).type())));
    OnnxModel observed = of.withGraph(of.graph().withOutputs(unshaped(outputs)));
    try (InferenceSession session = InferenceSession.open(observed, options)) {
      return session.run(inputs);
    }
  }

  private static List<ValueInfo> unshaped(List<ValueInfo> outputs) {
    return outputs.stream()
        .map(
            o ->
                ValueInfo.of(
                    o.name(),
                    new ValueType.TensorType(ElementType.FLOAT, Optional.empty(), "", Extras.NONE)))
        .toList();
  }

  private static void assertWithinACode(
      String name, float[] mine, float[] runtime, float step, boolean strict) {
    assertThat(mine).hasSameSizeAs(runtime);
    int same = 0;
    int within = 0;
    for (int i = 0; i < mine.length; i++) {
      float error = Math.abs(mine[i] - runtime[i]) / step;
      same += error < 0.01 ? 1 : 0;
      within += error < 1.01 ? 1 : 0;
    }
    assertThat((double) same / mine.length)
        .as("same codes of " + name)
        .isGreaterThan(strict ? 0.98 : 0.75);
    assertThat((double) within / mine.length)
        .as("next codes of " + name)
        .isGreaterThan(strict ? 0.999 : 0.9);
  }

  private static double decibels(float[] mine, TensorBuffer runtime) {
    FidelityScorer scorer = new FidelityScorer();
    scorer.add(runtime, TensorBuffer.of(runtime.shape(), mine), 1, 1);
    return scorer.sqnrDb();
  }
}
