package dev.compress.quantize;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.calibrate.ActivationStatistics;
import dev.compress.calibrate.ChannelStatistics;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Moves outlier channels of a normalized activation into the weights that read it ({@link
 * SmoothQuant}). The model computes the same.
 *
 * <pre>
 * before: LayerNormalization(x, g, b) -&gt; n;  MatMul(n, W) -&gt; y
 * after:  LayerNormalization(x, g / s, b / s) -&gt; n;  MatMul(n, s W) -&gt; y
 * </pre>
 *
 * <p>Only where every reader of the activation is a MatMul or Gemm with a constant weight. A
 * normalization that is written out ends in Mul and Add of constants, which do as well.
 *
 * @param filter which nodes may be changed
 */
public record SmoothActivations(NodeFilter filter) implements CompressionPass {
  /** Where s goes: constants that scale the channels of one value. */
  private record Norm(
      String value, Node scaling, int scaleInput, Node shifting, int shiftInput, int channels) {}

  @Override
  public String name() {
    return "smooth-activations";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return norms(model, new GraphIndex(model.graph())).isEmpty()
        ? Optional.of(
            new NotApplicable("no normalization is read by matrix products with weights alone"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    List<Norm> norms = norms(model, index);
    if (norms.isEmpty() || context.calibration().isEmpty()) {
      return PassResult.unchanged(model);
    }
    Map<String, Integer> axes = new LinkedHashMap<>();
    norms.forEach(n -> axes.put(n.value(), -1));
    ActivationStatistics statistics =
        context.observe(model, context.shapes(model), new ActivationCollector().channelsOf(axes));
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    for (Norm norm : norms) {
      context.progress().check();
      Optional<ChannelStatistics> channels =
          statistics.channelsOf(norm.value()).filter(c -> c.channels().size() == norm.channels());
      if (channels.isPresent()) {
        smooth(norm, channels.get().absMax(), index, editor, context);
        changes.add(Change.of(norm.scaling(), "outlier channels moved into the weights"));
      }
    }
    return changes.isEmpty()
        ? PassResult.unchanged(model)
        : PassResult.of(model.withGraph(built(editor)), changes, List.of());
  }

  /** Which activations would be smoothed; how far their channels reach, the data alone tell. */
  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    List<Change> changes = new ArrayList<>();
    if (context.calibration().isPresent()) {
      norms(model, new GraphIndex(model.graph()))
          .forEach(
              n -> changes.add(Change.of(n.scaling(), "outlier channels moved into the weights")));
    }
    return PassResult.of(model, changes, List.of());
  }

  private static dev.compress.graph.Graph built(GraphEditor editor) {
    editor.removeDead();
    return editor.build();
  }

  private static void smooth(
      Norm norm, float[] reach, GraphIndex index, GraphEditor editor, PassContext context) {
    List<NodePattern> readers = readers(norm.value(), index);
    float[] weightReach = new float[norm.channels()];
    for (NodePattern reader : readers) {
      float[] one = InputRows.layoutOf(reader).inputAbsMax(reader.tensor().toFloats());
      for (int c = 0; c < one.length; c++) {
        weightReach[c] = Math.max(weightReach[c], one[c]);
      }
    }
    float[] s = SmoothQuant.DEFAULT.scales(reach, weightReach);
    boolean together = norm.scaling() == norm.shifting();
    Node scaling =
        norm.scaling()
            .withInput(
                norm.scaleInput(),
                divided(norm.scaling(), norm.scaleInput(), s, index, editor, context));
    if (together && norm.shiftInput() >= 0) {
      scaling =
          scaling.withInput(
              norm.shiftInput(),
              divided(norm.shifting(), norm.shiftInput(), s, index, editor, context));
    } else if (!together) {
      editor.replace(
          norm.shifting(),
          norm.shifting()
              .withInput(
                  norm.shiftInput(),
                  divided(norm.shifting(), norm.shiftInput(), s, index, editor, context)));
    }
    editor.replace(norm.scaling(), scaling);
    for (NodePattern reader : readers) {
      WeightLayout layout = InputRows.layoutOf(reader);
      float[] scaled =
          layout.scaled(reader.tensor().toFloats(), EqualizeLayers.ones(layout.outChannels()), s);
      String name =
          EqualizeLayers.add(editor, context, reader.weight(), reader.tensor().shape(), scaled);
      editor.replace(reader.node(), reader.node().withInput(1, name));
    }
  }

  private static String divided(
      Node node, int input, float[] s, GraphIndex index, GraphEditor editor, PassContext context) {
    Tensor old = index.constant(node.input(input)).orElseThrow();
    float[] values = old.toFloats();
    for (int c = 0; c < values.length; c++) {
      values[c] /= s[c];
    }
    return EqualizeLayers.add(editor, context, node.input(input), old.shape(), values);
  }

  private List<Norm> norms(OnnxModel model, GraphIndex index) {
    List<Norm> norms = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      Optional<Norm> norm = norm(node, index);
      norm.filter(n -> isReadByWeightsAlone(n, index)).ifPresent(norms::add);
    }
    return norms;
  }

  private static Optional<Norm> norm(Node node, GraphIndex index) {
    if (node.is("LayerNormalization")) {
      int channels = channels(node.input(1), index);
      boolean shifts = node.hasInput(2);
      return channels > 0 && (!shifts || channels(node.input(2), index) == channels)
          ? Optional.of(new Norm(node.output(0), node, 1, node, shifts ? 2 : -1, channels))
          : Optional.empty();
    }
    if (!node.is("Add")) {
      return Optional.empty();
    }
    for (int shift = 0; shift < 2; shift++) {
      int channels = channels(node.input(shift), index);
      Optional<Node> mul = index.producer(node.input(1 - shift), "Mul");
      if (channels <= 0 || mul.isEmpty() || index.onlyConsumer(mul.get().output(0)).isEmpty()) {
        continue;
      }
      for (int scale = 0; scale < 2; scale++) {
        if (channels(mul.get().input(scale), index) == channels) {
          return Optional.of(new Norm(node.output(0), mul.get(), scale, node, shift, channels));
        }
      }
    }
    return Optional.empty();
  }

  /** The length of a constant vector, or -1. */
  private static int channels(String value, GraphIndex index) {
    return index
        .constant(value)
        .filter(t -> t.shape().rank() == 1 && t.elementCount() > 1)
        .filter(t -> t.type().equals(dev.compress.tensor.ElementType.FLOAT))
        .map(t -> (int) t.elementCount())
        .orElse(-1);
  }

  private boolean isReadByWeightsAlone(Norm norm, GraphIndex index) {
    List<Use> uses = index.uses(norm.value());
    List<NodePattern> readers = readers(norm.value(), index);
    return !uses.isEmpty()
        && !index.isOutput(norm.value())
        && readers.size() == uses.size()
        && readers.stream()
            .allMatch(r -> filter.test(r.node()) && r.reductionLength() == norm.channels())
        && readers.stream().noneMatch(r -> FewValues.are(r.tensor())); // a scale an input: many
  }

  private static List<NodePattern> readers(String value, GraphIndex index) {
    List<NodePattern> readers = new ArrayList<>();
    for (Use use : index.uses(value)) {
      if (use.inputIndex() == 0 && !use.node().is("Conv")) {
        NodePattern.match(use.node(), index).ifPresent(readers::add);
      }
    }
    return readers;
  }
}
