package dev.compress.train;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.OnnxModel;
import dev.compress.quantize.AffineParameters;
import dev.compress.quantize.BiasQuantizer;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.train.FakeQuantization.QuantizedWeight;
import dev.compress.train.QdqGraph.CodedBias;
import dev.compress.train.QdqGraph.CodedWeight;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Puts what was learned back into the quantized model: codes, scales and biases change, nothing
 * else. {@code code = round(w / s)}, the division in float32 as in training; a bias has the scale
 * {@code s_x s_w}.
 */
final class QuantizedWriting {
  private final QuantizedTraining training;
  private final TrainingResult result;
  private final GraphIndex before;
  private final GraphIndex learned;
  private final GraphEditor editor;
  private final Map<String, float[]> scales = new HashMap<>();
  private final Set<String> written = new HashSet<>();

  private QuantizedWriting(QuantizedTraining training, TrainingResult result) {
    this.training = training;
    this.result = result;
    OnnxModel source = training.source().model();
    this.before = new GraphIndex(source.graph());
    this.learned = new GraphIndex(result.model().graph());
    this.editor = new GraphEditor(source.graph());
  }

  /**
   * Writes.
   *
   * @param training what was trained
   * @param result what that left
   * @return the quantized model with other constants
   */
  static OnnxModel write(QuantizedTraining training, TrainingResult result) {
    return new QuantizedWriting(training, result).write();
  }

  private OnnxModel write() {
    training
        .structure()
        .quantization()
        .scales()
        .forEach(s -> scales.put(s.name(), checked(result.scale(s))));
    training.source().biases().forEach(this::raise);
    Map<String, QuantizedWeight> settings = new HashMap<>();
    training.structure().quantization().weights().forEach(w -> settings.put(w.parameter(), w));
    for (CodedWeight weight : training.source().weights()) {
      QuantizedWeight how = settings.get(weight.value());
      if (how != null) {
        weight(weight, how);
      }
    }
    training.source().biases().forEach(this::bias);
    training.source().halves().forEach(this::half);
    scales.forEach(this::scale);
    floats();
    return training.source().model().withGraph(editor.build());
  }

  private static float[] checked(float[] steps) {
    float[] usable = steps.clone();
    for (int i = 0; i < usable.length; i++) {
      usable[i] = Math.max(usable[i], AffineParameters.MIN_SCALE);
    }
    return usable;
  }

  private float[] scaleOf(String name) {
    float[] found = scales.get(name);
    if (found == null) {
      throw new IllegalStateException("No scale " + name);
    }
    return found;
  }

  private Tensor value(String name) {
    return learned.constant(name).orElseThrow(() -> new IllegalStateException("No " + name));
  }

  private void set(String name, Tensor tensor) {
    editor.setInitializer(name, tensor);
    written.add(name);
  }

  private BiasQuantizer quantizer(CodedBias bias) {
    long elements = value(bias.weight().value()).elementCount();
    long channels = value(bias.value()).elementCount();
    return new BiasQuantizer(scaleOf(bias.input())[0], Math.max(1, elements / channels));
  }

  /** Where the bias would not fit into 32 bits. */
  private void raise(CodedBias bias) {
    String scale = bias.weight().scale();
    float[] values = value(bias.value()).toFloats();
    scales.put(scale, quantizer(bias).raisedScales(values, scaleOf(scale)));
  }

  private void weight(CodedWeight weight, QuantizedWeight how) {
    Tensor trained = value(weight.value());
    float[] values = trained.toFloats();
    float[] steps = scaleOf(weight.scale());
    ScaleLayout layout = new ScaleLayout(trained.shape(), weight.scaleShape());
    byte[] codes = new byte[values.length];
    for (int i = 0; i < codes.length; i++) {
      float step = how.isShared() ? how.unit() : steps[layout.of(i)];
      double code = Math.rint(values[i] / step);
      codes[i] = (byte) Math.max(-how.limit(), Math.min(how.limit(), code));
    }
    set(weight.codes(), Tensor.ofBytes(ElementType.INT8, trained.shape(), codes));
  }

  private void bias(CodedBias bias) {
    float[] values = value(bias.value()).toFloats();
    float[] steps = scaleOf(bias.weight().scale());
    BiasQuantizer quantizer = quantizer(bias);
    set(bias.codes(), Tensor.ofInts(Shape.of(values.length), quantizer.codes(values, steps)));
    float[] products = quantizer.scales(steps);
    set(bias.scale(), Tensor.ofFloats(shapeOf(bias.scale()), products));
  }

  private Shape shapeOf(String initializer) {
    return before.constant(initializer).orElseThrow().shape();
  }

  private void half(String wide, String stored) {
    Tensor trained = value(wide);
    float[] floats = trained.toFloats();
    double[] values = new double[floats.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
    byte[] bytes = FloatCodec.encode(ElementType.FLOAT16, values);
    set(stored, Tensor.ofBytes(ElementType.FLOAT16, trained.shape(), bytes));
  }

  private void scale(String name, float[] steps) {
    set(name, Tensor.ofFloats(shapeOf(name), steps));
  }

  /** Weights and biases of the nodes that compute in float. */
  private void floats() {
    training
        .source()
        .model()
        .graph()
        .initializers()
        .forEach(
            old ->
                learned
                    .initializer(old.name())
                    .filter(now -> !written.contains(old.name()) && now.tensor() != old.tensor())
                    .ifPresent(now -> editor.setInitializer(old.name(), now.tensor())));
  }
}
