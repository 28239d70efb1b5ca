package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.compress.models.autograd.Parameter;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.train.FakeQuantization;
import dev.compress.train.FakeQuantization.QuantizedValue;
import dev.compress.train.FakeQuantization.QuantizedWeight;
import dev.compress.train.FakeQuantization.Scale;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Lets a graph read weights and values through quantization, and learns the steps. Rounding is
 * {@code c + stop(round(c) - c)}, which is exact in float32; the rest is left to autograd, which
 * makes of it the gradients of LSQ (arXiv 1902.08153). The gradient of a step is scaled by {@code 1
 * / sqrt(n p)}, n being how many weights, or values of a sample, it serves and p the greatest code.
 */
final class FakeQuantizers {
  private final Map<String, Step> steps = new LinkedHashMap<>();

  /** A step that is learned. */
  private static final class Step {
    private final Scale settings;
    private final NDArray array;
    private final Map<String, Double> served = new TreeMap<>();
    private double most = 1;

    Step(Scale settings, NDArray array) {
      this.settings = settings;
      this.array = array;
    }

    void serves(String name, double elements, int code) {
      served.putIfAbsent(name, elements);
      most = Math.max(most, code);
    }

    double gradientFactor() {
      double elements = served.values().stream().mapToDouble(n -> n).sum();
      return 1 / Math.sqrt(Math.max(1, elements) * most);
    }
  }

  /**
   * Sets the transforms of a graph.
   *
   * @param settings what is quantized
   * @param graph its parameters and values
   * @param manager owns the steps
   */
  FakeQuantizers(FakeQuantization settings, TrainableGraph graph, NDManager manager) {
    Map<String, Scale> scales = new HashMap<>();
    settings.scales().forEach(s -> scales.put(s.name(), s));
    Set<String> trainable =
        graph.parameters().stream()
            .filter(Parameter::trainable)
            .map(Parameter::name)
            .collect(Collectors.toSet());
    for (QuantizedWeight weight : settings.weights()) {
      if (trainable.contains(weight.parameter())) {
        Step step = step(scales.get(weight.scale()), manager);
        graph.setTransform(weight.parameter(), w -> weight(w, weight, step));
      }
    }
    for (QuantizedValue value : settings.values()) {
      Step step = step(scales.get(value.scale()), manager);
      graph.setActivationTransform(value.value(), (x, training) -> value(x, value, step, training));
    }
  }

  private Step step(@Nullable Scale scale, NDManager manager) {
    if (scale == null) {
      throw new IllegalArgumentException("A value is quantized by a scale that is none");
    }
    return steps.computeIfAbsent(
        scale.name(),
        name -> {
          float[] initial = new float[scale.initial().size()];
          for (int i = 0; i < initial.length; i++) {
            initial[i] = scale.initial().get(i);
          }
          NDArray array =
              Scalars.owned(manager.create(initial, new Shape(scale.shape().toArray())));
          array.setRequiresGradient(true);
          return new Step(scale, array);
        });
  }

  private static NDArray view(NDArray array, NDManager scope) {
    NDArray view = array.reshape(array.getShape());
    view.attach(scope);
    return view;
  }

  private static NDArray weight(NDArray w, QuantizedWeight settings, Step step) {
    step.serves(settings.parameter(), (double) w.size() / step.array.size(), settings.limit());
    NDArray scale = view(step.array, w.getManager());
    NDArray scaled = settings.isShared() ? Scalars.over(w, settings.unit()) : w.div(scale);
    return quantized(scaled, -settings.limit(), settings.limit(), scale, Gradients.isRecording());
  }

  private static NDArray value(NDArray x, QuantizedValue settings, Step step, boolean training) {
    long batch = x.getShape().dimension() == 0 ? 1 : Math.max(1, x.getShape().get(0));
    step.serves(settings.value(), (double) x.size() / batch, settings.most());
    NDArray scale = view(step.array, x.getManager());
    NDArray scaled = x.div(scale);
    x.close(); // each value is an array of its own, and nothing else reads this one
    return quantized(scaled, settings.least(), settings.most(), scale, training);
  }

  /** What autograd needs of the arrays between, it keeps itself. */
  private static NDArray quantized(
      NDArray scaled, int least, int most, NDArray scale, boolean differentiable) {
    try (scaled;
        NDArray cut = JniUtils.clip((PtNDArray) scaled, (double) least, (double) most);
        NDArray codes = differentiable ? straightThrough(cut) : cut.round()) {
      return codes.mul(scale);
    }
  }

  private static NDArray straightThrough(NDArray codes) {
    try (NDArray rounded = codes.round();
        NDArray off = rounded.sub(codes);
        NDArray constant = off.stopGradient()) {
      return codes.add(constant);
    }
  }

  /** What is learned of it. */
  List<Weight> weights() {
    List<Weight> weights = new ArrayList<>();
    steps.forEach((name, step) -> weights.add(Weight.ofStep(name, step.array)));
    return weights;
  }

  /** The steps. */
  List<NDArray> arrays() {
    return steps.values().stream().map(s -> s.array).toList();
  }

  /** Makes the gradient of a step as large as those of what it serves. */
  void scaleGradient(Weight weight, NDArray gradient) {
    if (weight.isStep()) {
      gradient.muli((float) stepOf(weight).gradientFactor());
    }
  }

  /** Keeps a step under what it must not pass. */
  void restoreBound(Weight weight) {
    if (weight.isStep() && stepOf(weight).settings.most() < Float.MAX_VALUE) {
      NDArray array = weight.array();
      try (NDArray most = array.getManager().create(stepOf(weight).settings.most());
          NDArray bounded = array.minimum(most)) {
        TrainedValues.assign(array, bounded);
      }
    }
  }

  private Step stepOf(Weight weight) {
    Step step = steps.get(weight.name());
    if (step == null) {
      throw new IllegalArgumentException("No step " + weight.name());
    }
    return step;
  }

  /** The steps as they are, by name. */
  Map<String, List<Float>> learned() {
    Map<String, List<Float>> learned = new LinkedHashMap<>();
    steps.forEach(
        (name, step) -> {
          List<Float> values = new ArrayList<>();
          for (float value : step.array.toFloatArray()) {
            values.add(value);
          }
          learned.put(name, values);
        });
    return learned;
  }
}
