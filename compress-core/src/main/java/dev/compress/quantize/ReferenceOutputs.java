package dev.compress.quantize;

import dev.compress.calibrate.ObservedModel;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Dim;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What the float model makes of some samples, to compare variants with. */
final class ReferenceOutputs {
  private final OnnxModel model;
  private final Set<String> compared;
  private final List<Map<String, TensorBuffer>> inputs;
  private final List<Map<String, TensorBuffer>> wanted = new ArrayList<>();

  /**
   * Runs the model.
   *
   * @param model the float model
   * @param plan whose last layer stands for the outputs where none is float
   * @param samples inputs; some at equal distances are used
   * @param count how many of them
   * @param context for the runtime
   */
  ReferenceOutputs(
      OnnxModel model, StaticPlan plan, Samples samples, int count, PassContext context) {
    this.model = model;
    this.compared = compared(model, plan);
    this.inputs = inputs(samples, count);
    try (InferenceSession session =
        InferenceSession.open(
            ObservedModel.showing(model, compared), SessionOptions.of(context.threads()))) {
      for (Map<String, TensorBuffer> input : inputs) {
        wanted.add(session.run(input));
      }
    }
  }

  /** The values that are compared. */
  Set<String> compared() {
    return compared;
  }

  /**
   * Runs a variant.
   *
   * @param variant with the compared values as its outputs
   * @param settings further inputs of the variant
   * @return squared output error over squared output, summed over all
   */
  double error(InferenceSession variant, Map<String, TensorBuffer> settings) {
    double noise = 0;
    double signal = 0;
    for (int i = 0; i < inputs.size(); i++) {
      Map<String, TensorBuffer> all = new HashMap<>(inputs.get(i));
      all.putAll(settings);
      Map<String, TensorBuffer> got = variant.run(all);
      for (Map.Entry<String, TensorBuffer> entry : wanted.get(i).entrySet()) {
        TensorBuffer other = got.get(entry.getKey());
        if (other == null
            || !entry.getValue().type().equals(ElementType.FLOAT)
            || !other.shape().equals(entry.getValue().shape())) {
          continue;
        }
        FloatBuffer x = entry.getValue().floats();
        FloatBuffer y = other.floats();
        while (x.hasRemaining()) {
          double value = x.get();
          double difference = value - y.get();
          signal += value * value;
          noise += difference * difference;
        }
      }
    }
    return signal > 0 ? noise / signal : noise;
  }

  /**
   * The float outputs, before a final Softmax: that hides what rounding did to confident scores.
   */
  private static Set<String> compared(OnnxModel model, StaticPlan plan) {
    GraphIndex index = new GraphIndex(model.graph());
    Set<String> values = new LinkedHashSet<>();
    for (ValueInfo output : model.graph().outputs()) {
      boolean isFloat =
          output.type() instanceof ValueType.TensorType type
              && type.element().equals(ElementType.FLOAT);
      if (isFloat) {
        values.add(
            index.producer(output.name(), "Softmax").map(n -> n.input(0)).orElse(output.name()));
      }
    }
    if (values.isEmpty()) {
      model.graph().nodes().stream()
          .filter(plan.weighted::containsKey)
          .reduce((first, last) -> last)
          .ifPresent(n -> values.add(n.output(0)));
    }
    return values;
  }

  /** Samples at equal distances; as one batch where the model takes it. */
  private List<Map<String, TensorBuffer>> inputs(Samples samples, int count) {
    List<Map<String, TensorBuffer>> kept = new ArrayList<>();
    long stride = Math.max(1, samples.count() / count);
    long[] at = {0};
    samples.forEachBatch(
        1,
        (in, n) -> {
          if (at[0]++ % stride == 0) {
            Map<String, TensorBuffer> copy = new HashMap<>();
            in.forEach((name, t) -> copy.put(name, copy(t)));
            kept.add(copy);
          }
          return kept.size() < count;
        });
    return samples.batchable() && kept.size() > 1 && allBatchFirst()
        ? List.of(stacked(kept))
        : kept;
  }

  /** Whether samples are counted along dim 0 of every input: not so of an LSTM's state. */
  private boolean allBatchFirst() {
    return model.graph().inputs().stream()
        .map(
            i ->
                i.type() instanceof ValueType.TensorType t
                    ? t.shape()
                    : Optional.<List<Dim>>empty())
        .allMatch(d -> d.isPresent() && !d.get().isEmpty() && d.get().get(0).sizeOrUnknown() < 0);
  }

  private static Map<String, TensorBuffer> stacked(List<Map<String, TensorBuffer>> single) {
    Map<String, TensorBuffer> batch = new HashMap<>();
    for (Map.Entry<String, TensorBuffer> entry : single.get(0).entrySet()) {
      long[] dims = entry.getValue().shape().toArray();
      dims[0] *= single.size();
      TensorBuffer all = TensorBuffer.allocate(entry.getValue().type(), Shape.of(dims));
      ByteBuffer target = all.bytes();
      single.forEach(s -> target.put(Objects.requireNonNull(s.get(entry.getKey())).bytes()));
      batch.put(entry.getKey(), all);
    }
    return batch;
  }

  private static TensorBuffer copy(TensorBuffer tensor) {
    TensorBuffer copy = TensorBuffer.allocate(tensor.type(), tensor.shape());
    copy.bytes().put(tensor.bytes());
    return copy;
  }
}
