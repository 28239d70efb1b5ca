package dev.compress.train;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.train.FakeQuantization.QuantizedValue;
import dev.compress.train.FakeQuantization.QuantizedWeight;
import dev.compress.train.FakeQuantization.Scale;
import dev.compress.train.QdqGraph.CodedBias;
import dev.compress.train.QdqGraph.CodedValue;
import dev.compress.train.QdqGraph.CodedWeight;
import dev.compress.train.Structure.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A quantized model in the form in which it is trained: its codes are floats again, and every value
 * that was quantized is read through fake quantization. It begins as the quantized model: each
 * weight that it learns from is rounded to the code that the pass chose, whatever chose it.
 */
public final class QuantizedTraining {
  /** A weight begins no nearer than this to where its code would change. */
  private static final double NEAREST = 0.49;

  private final QdqGraph source;
  private final OnnxModel model;
  private final Structure structure;

  private QuantizedTraining(QdqGraph source, OnnxModel model, Structure structure) {
    this.source = source;
    this.model = model;
    this.structure = structure;
  }

  /**
   * Makes a quantized model ready.
   *
   * @param quantized what the quantization pass wrote
   * @param floats the model before that pass: what was rounded away
   * @param limit the largest weight code
   * @param shared how many codes a weight has at most where they are shared; 0: they are not
   * @throws dev.compress.error.UnsupportedModelException if it is quantized in another form
   */
  public static QuantizedTraining of(OnnxModel quantized, OnnxModel floats, int limit, int shared) {
    return of(quantized, floats, limit, new SharedCodes(shared, 1));
  }

  /**
   * Makes a quantized model ready.
   *
   * @param quantized what the quantization pass wrote
   * @param floats the model before that pass: what was rounded away
   * @param limit the largest weight code
   * @param shared which codes are shared
   * @throws dev.compress.error.UnsupportedModelException if it is quantized in another form
   */
  public static QuantizedTraining of(
      OnnxModel quantized, OnnxModel floats, int limit, SharedCodes shared) {
    return new Maker(QdqGraph.of(quantized), floats, limit, shared).make();
  }

  /**
   * Codes that many weights share.
   *
   * @param most how many a group of channels has; 0: none are shared
   * @param groups how many runs of channels have codes of their own
   */
  public record SharedCodes(int most, int groups) {
    /** The runs of channels that share codes, along the first axis where all of them do. */
    Optional<ChannelGroups> of(Tensor codes) {
      byte[] bytes = codes.data().toByteArray();
      if (most == 0 || bytes.length == 0) {
        return Optional.empty();
      }
      List<ChannelGroups> cuts =
          groups == 1
              ? List.of(new ChannelGroups(1, 1, bytes.length, 1))
              : ChannelGroups.everyAxis(codes.shape(), groups);
      return cuts.stream().filter(cut -> distinct(bytes, cut) <= most).findFirst();
    }

    private static int distinct(byte[] codes, ChannelGroups cut) {
      boolean[][] seen = new boolean[cut.groups()][256];
      int[] counts = new int[cut.groups()];
      for (int i = 0; i < codes.length; i++) {
        int group = cut.groupAt(i);
        counts[group] += seen[group][codes[i] + 128] ? 0 : 1;
        seen[group][codes[i] + 128] = true;
      }
      return Arrays.stream(counts).max().orElse(0);
    }
  }

  /** With floats in place of codes, and without the nodes that quantize. */
  public OnnxModel model() {
    return model;
  }

  /** What it is read through, and what of it must stay. */
  public Structure structure() {
    return structure;
  }

  /** Where it came from. */
  QdqGraph source() {
    return source;
  }

  /**
   * Puts what was learned back into the quantized model: codes, scales and biases change, nothing
   * else.
   *
   * @param result of a training of {@link #model} in this {@link #structure}
   */
  public OnnxModel write(TrainingResult result) {
    return QuantizedWriting.write(this, result);
  }

  private static final class Maker {
    private final QdqGraph source;
    private final GraphIndex index;
    private final GraphIndex before;
    private final Map<String, Node> floatNodes = new LinkedHashMap<>();
    private final GraphEditor editor;
    private final int limit;
    private final SharedCodes shared;
    private final Map<String, Scale> scales = new LinkedHashMap<>();
    private final List<QuantizedWeight> weights = new ArrayList<>();
    private final List<QuantizedValue> values = new ArrayList<>();
    private final Map<String, Rule> rules = new LinkedHashMap<>();
    private final Map<String, ChannelGroups> groups = new LinkedHashMap<>();

    Maker(QdqGraph source, OnnxModel floats, int limit, SharedCodes shared) {
      this.source = source;
      this.index = new GraphIndex(source.model().graph());
      this.before = new GraphIndex(floats.graph());
      floats.graph().nodes().forEach(n -> floatNodes.put(n.output(0), n));
      this.editor = new GraphEditor(source.model().graph());
      this.limit = limit;
      this.shared = shared;
    }

    QuantizedTraining make() {
      Map<String, String> first = new LinkedHashMap<>();
      for (CodedWeight weight : source.weights()) {
        String known = first.putIfAbsent(weight.codes(), weight.value());
        editor.remove(weight.last());
        if (known == null) {
          weight(weight);
        } else {
          editor.replaceUses(weight.value(), known); // the same weight
        }
      }
      for (CodedBias bias : source.biases()) {
        put(bias.last(), Tensor.ofFloats(codes(bias.codes()).shape(), biasValues(bias)));
      }
      for (CodedValue value : source.values()) {
        value(value);
      }
      for (Map.Entry<String, String> half : source.halves().entrySet()) {
        Tensor stored = codes(half.getValue());
        put(
            index.producer(half.getKey()).orElseThrow(),
            Tensor.ofFloats(stored.shape(), stored.toFloats()));
      }
      editor.removeDead();
      Graph graph = editor.build();
      OnnxModel model = source.model().withGraph(graph);
      Structure kept = Structure.of(model);
      Map<String, Rule> all = new LinkedHashMap<>(kept.rules());
      weights.forEach(w -> all.remove(w.parameter()));
      all.putAll(rules);
      FakeQuantization quantization =
          new FakeQuantization(List.copyOf(scales.values()), weights, values);
      return new QuantizedTraining(
          source, model, new Structure(all, groups, Optional.empty(), quantization));
    }

    private Tensor codes(String initializer) {
      return index.constant(initializer).orElseThrow();
    }

    private void put(Node made, Tensor value) {
      editor.remove(made);
      editor.addInitializer(Initializer.of(made.output(0), value));
    }

    private void weight(CodedWeight weight) {
      Tensor codes = codes(weight.codes());
      float[] steps = codes(weight.scale()).toFloats();
      byte[] bytes = codes.data().toByteArray();
      Optional<ChannelGroups> cut = shared.of(codes);
      boolean sharing = cut.isPresent();
      float unit = sharing ? mean(steps) : 0;
      float[] start =
          sharing
              ? inUnits(bytes, unit)
              : unrounded(
                  bytes,
                  steps,
                  new ScaleLayout(codes.shape(), weight.scaleShape()),
                  floatWeight(weight, codes.shape()));
      String name = weight.value();
      editor.addInitializer(Initializer.of(name, Tensor.ofFloats(codes.shape(), start)));
      scale(weight.scale(), weight.scaleShape(), steps, Float.MAX_VALUE);
      weights.add(new QuantizedWeight(name, weight.scale(), limit, unit));
      if (sharing) {
        rules.put(name, Rule.SHARED);
        cut.filter(c -> c.groups() > 1).ifPresent(c -> groups.put(name, c));
      } else if (hasZeros(start)) {
        rules.put(name, Rule.ZEROS);
      }
    }

    private static float mean(float[] steps) {
      double sum = 0;
      for (float step : steps) {
        sum += step;
      }
      return (float) (sum / steps.length);
    }

    private static boolean hasZeros(float[] values) {
      for (float value : values) {
        if (value == 0) {
          return true;
        }
      }
      return false;
    }

    private static float[] inUnits(byte[] codes, float unit) {
      float[] values = new float[codes.length];
      for (int i = 0; i < codes.length; i++) {
        values[i] = codes[i] * unit;
      }
      return values;
    }

    /** The float weight where it rounds to its code; else as near to that as it may be. */
    private float[] unrounded(
        byte[] codes, float[] steps, ScaleLayout layout, Optional<float[]> floats) {
      float[] values = new float[codes.length];
      for (int i = 0; i < codes.length; i++) {
        float step = steps[layout.of(i)];
        double at = codes[i];
        if (floats.isPresent()) {
          at = floats.get()[i] / (double) step;
          at = Math.max(codes[i] - NEAREST, Math.min(codes[i] + NEAREST, at));
          at = Math.max(-limit, Math.min(limit, at)); // beyond, nothing would be learned
        }
        values[i] = (float) (at * step);
      }
      return values;
    }

    /** The weight of the same node before it was quantized. */
    private Optional<float[]> floatWeight(CodedWeight weight, Shape shape) {
      return index.uses(weight.value()).stream()
          .flatMap(
              use ->
                  Optional.ofNullable(floatNodes.get(use.node().output(0)))
                      .filter(n -> n.opType().equals(use.node().opType()))
                      .filter(n -> n.hasInput(use.inputIndex()))
                      .flatMap(n -> before.constant(n.input(use.inputIndex())))
                      .stream())
          .filter(t -> t.type().equals(ElementType.FLOAT) && t.shape().equals(shape))
          .findFirst()
          .map(Tensor::toFloats);
    }

    private float[] biasValues(CodedBias bias) {
      long[] codes = codes(bias.codes()).toLongs();
      float[] steps = codes(bias.scale()).toFloats();
      float[] values = new float[codes.length];
      for (int c = 0; c < values.length; c++) {
        values[c] = (float) (codes[c] * (double) steps[steps.length == 1 ? 0 : c]);
      }
      return values;
    }

    private void value(CodedValue value) {
      float step = codes(value.scale()).toFloats()[0];
      int least = value.type().min() - value.zeroPoint();
      int most = value.type().max() - value.zeroPoint();
      scale(value.scale(), Shape.of(1), new float[] {step}, bound(value, most, step));
      values.add(new QuantizedValue(value.value(), value.scale(), least, most));
      String output = value.value();
      editor.replace(
          value.dequantize(),
          Node.of("Identity", output, List.of(value.source()), List.of(output)));
    }

    /** The runtime drops a Clip before quantization only where no code stands for what it cuts. */
    private float bound(CodedValue value, int most, float step) {
      Optional<Float> cut =
          index
              .producer(value.source(), "Clip")
              .flatMap(clip -> index.constant(clip.input(2)))
              .map(t -> t.toFloats()[0]);
      if (cut.isEmpty() || most <= 0 || reach(step, most) > cut.get()) {
        return Float.MAX_VALUE;
      }
      float bound = (float) (cut.get() / (double) most);
      while (reach(bound, most) > cut.get()) {
        bound = Math.nextDown(bound);
      }
      return Math.max(bound, step);
    }

    /** What the greatest code stands for, in float32 as the runtime compares it. */
    private static float reach(float step, int most) {
      return (float) ((double) step * most);
    }

    private void scale(String name, Shape shape, float[] steps, float most) {
      List<Float> initial = new ArrayList<>();
      for (float step : steps) {
        initial.add(step);
      }
      scales.merge(
          name,
          new Scale(name, shape, initial, most),
          (a, b) -> new Scale(name, a.shape(), a.initial(), Math.min(a.most(), b.most())));
    }
  }
}
