package dev.compress.quantize;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Equalizes chains of convolutions ({@link CrossLayerEqualization}): Conv, perhaps Relu or
 * LeakyRelu, Conv and so on, where nothing else reads a value between. The model computes the same.
 *
 * <pre>
 * before: Conv(x, W1, b1) -&gt; c;  Relu(c) -&gt; r;  Conv(r, W2) -&gt; y
 * after:  Conv(x, W1 / s, b1 / s) -&gt; c;  Relu(c) -&gt; r;  Conv(r, s W2) -&gt; y
 * </pre>
 *
 * @param filter which nodes may be changed
 */
public record EqualizeLayers(NodeFilter filter) implements CompressionPass {
  /** Below this change of scale a chain counts as equal already. */
  private static final double EQUAL = 0.01;

  @Override
  public String name() {
    return "equalize-layers";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return chains(model, new GraphIndex(model.graph())).isEmpty()
        ? Optional.of(new NotApplicable("no convolution feeds only another one"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    for (List<NodePattern> chain : chains(model, index)) {
      context.progress().check();
      equalize(chain, index, editor, context, changes);
    }
    if (changes.isEmpty()) {
      return PassResult.unchanged(model);
    }
    editor.removeDead();
    return PassResult.of(model.withGraph(editor.build()), changes, List.of());
  }

  /** Which layers would be equalized, if that is tried. */
  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    List<Change> changes = new ArrayList<>();
    for (List<NodePattern> chain : chains(model, new GraphIndex(model.graph()))) {
      chain.forEach(p -> changes.add(Change.of(p.node(), "equalized with its neighbours")));
    }
    return PassResult.of(model, changes, List.of());
  }

  private List<List<NodePattern>> chains(OnnxModel model, GraphIndex index) {
    Set<Node> followers = Collections.newSetFromMap(new IdentityHashMap<>());
    List<List<NodePattern>> chains = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      Optional<NodePattern> first = conv(node, index);
      if (first.isEmpty() || followers.contains(node)) {
        continue;
      }
      List<NodePattern> chain = new ArrayList<>(List.of(first.get()));
      for (Optional<NodePattern> next = next(first.get(), index);
          next.isPresent();
          next = next(next.get(), index)) {
        chain.add(next.get());
        followers.add(next.get().node());
      }
      if (chain.size() > 1) {
        chains.add(chain);
      }
    }
    return chains;
  }

  private Optional<NodePattern> conv(Node node, GraphIndex index) {
    return NodePattern.match(node, index)
        .filter(p -> node.is("Conv") && filter.test(node))
        .filter(p -> p.tensor().elementCount() <= Integer.MAX_VALUE)
        .filter(p -> !FewValues.are(p.tensor())); // a scale a channel would make them many
  }

  private Optional<NodePattern> next(NodePattern pattern, GraphIndex index) {
    Optional<Node> reader = index.onlyConsumer(pattern.node().output(0));
    if (reader.filter(n -> n.is("Relu") || n.is("LeakyRelu")).isPresent()) {
      reader = index.onlyConsumer(reader.get().output(0));
    }
    return reader
        .filter(n -> index.uses(n.input(0)).size() == 1)
        .flatMap(n -> conv(n, index))
        .filter(p -> p.tensor().shape().dim(1) * p.groups() == pattern.outputChannels());
  }

  private static void equalize(
      List<NodePattern> chain,
      GraphIndex index,
      GraphEditor editor,
      PassContext context,
      List<Change> changes) {
    List<CrossLayerEqualization.Layer> layers = new ArrayList<>();
    for (NodePattern pattern : chain) {
      layers.add(
          new CrossLayerEqualization.Layer(
              InputRows.layoutOf(pattern), pattern.tensor().toFloats()));
    }
    List<float[]> scales = CrossLayerEqualization.DEFAULT.scales(layers);
    if (scales.stream().allMatch(EqualizeLayers::nearOne)) {
      return;
    }
    for (int i = 0; i < chain.size(); i++) {
      NodePattern pattern = chain.get(i);
      WeightLayout layout = layers.get(i).layout();
      float[] outputs = ones(layout.outChannels());
      if (i < scales.size()) {
        for (int c = 0; c < outputs.length; c++) {
          outputs[c] = 1 / scales.get(i)[c];
        }
      }
      float[] inputs = i > 0 ? scales.get(i - 1) : ones(layout.inChannels());
      float[] scaled = layout.scaled(layers.get(i).weights(), outputs, inputs);
      Node changed =
          pattern
              .node()
              .withInput(
                  1, add(editor, context, pattern.weight(), pattern.tensor().shape(), scaled));
      if (!pattern.bias().isEmpty()) {
        Tensor old = index.constant(pattern.bias()).orElseThrow();
        float[] bias = old.toFloats();
        for (int c = 0; c < bias.length; c++) {
          bias[c] *= outputs[c];
        }
        changed = changed.withInput(2, add(editor, context, pattern.bias(), old.shape(), bias));
      }
      editor.replace(pattern.node(), changed);
      changes.add(Change.of(pattern.node(), "channels equalized with its neighbours"));
    }
  }

  private static boolean nearOne(float[] scales) {
    for (float scale : scales) {
      if (Math.abs(Math.log(scale)) > EQUAL) {
        return false;
      }
    }
    return true;
  }

  static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1f);
    return ones;
  }

  static String add(
      GraphEditor editor, PassContext context, String base, Shape shape, float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return editor.addInitializer(
        base, context.scratch().store(ElementType.FLOAT, shape, bytes.array()));
  }
}
