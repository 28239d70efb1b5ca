package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Node;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Folds chains of channel arithmetic into the linear node before them; see {@link FoldBatchNorm}.
 */
final class ProducerFolding {
  private final Graph graph;
  private final long opset;
  private final ValueTypes types;
  private final GraphIndex index;
  private final GraphEditor editor;
  private final LinearEdit edit;
  private final WeightScaling scaling;
  private final List<Change> changes = new ArrayList<>();
  private final Map<String, Skipped> skipped = new LinkedHashMap<>();

  ProducerFolding(Graph graph, long opset, ValueTypes types, PassContext context) {
    this.graph = graph;
    this.opset = opset;
    this.types = types;
    this.index = new GraphIndex(graph);
    this.editor = new GraphEditor(graph);
    this.edit = new LinearEdit(index, editor, context);
    this.scaling = new WeightScaling(context);
  }

  List<Change> changes() {
    return changes;
  }

  /** The nodes left alone with the reason, by their first output. */
  Map<String, Skipped> skipped() {
    return skipped;
  }

  Graph run() {
    for (Node node : graph.nodes()) {
      if (LinearNode.isLinear(node)) {
        fold(node);
      }
    }
    return editor.build();
  }

  private void skip(Node node, String reason) {
    skipped.putIfAbsent(node.output(0), Skipped.of(node, reason));
  }

  private void skip(Node node, String reason, Node because) {
    skipped.putIfAbsent(node.output(0), Skipped.of(node, reason, because.label()));
  }

  private void fold(Node node) {
    List<Use> uses = index.uses(node.output(0));
    if (uses.isEmpty()) {
      return;
    }
    Optional<Node> only = index.onlyConsumer(node.output(0));
    if (only.isEmpty()) {
      for (Use use : uses) {
        if (use.node().is("BatchNormalization")) {
          skip(use.node(), "what it reads is read by others too", node);
        }
      }
      return;
    }
    if (!AffineStep.mayBe(only.get())) {
      return;
    }
    Optional<LinearNode> linear = LinearNode.of(node, index);
    if (linear.isEmpty()) {
      if (only.get().is("BatchNormalization")) {
        skip(only.get(), "the weight next to it is not a stored constant", node);
      }
      return;
    }
    List<AffineStep> chain = chain(linear.get());
    if (!chain.isEmpty()) {
      fold(linear.get(), chain);
    }
  }

  /** The steps behind a linear node, as far as each is the only reader of the one before. */
  private List<AffineStep> chain(LinearNode linear) {
    ChannelAxis axis = linear.channelAxis();
    List<AffineStep> chain = new ArrayList<>();
    String value = linear.node().output(0);
    ChannelAffine map = ChannelAffine.identity(linear.channels());
    while (true) {
      Node next = index.onlyConsumer(value).orElse(null);
      if (next == null || !AffineStep.mayBe(next)) {
        return chain;
      }
      if (next.is("BatchNormalization") && axis.rank() == ChannelAxis.RANK_UNKNOWN) {
        axis = axis.ofRank(types.rank(linear.node().output(0)));
      }
      Optional<AffineStep> step = AffineStep.of(next, value, axis, index, opset);
      if (step.isEmpty()) {
        if (next.is("BatchNormalization")) {
          AffineStep.mismatch(next, axis, index, opset).ifPresent(reason -> skip(next, reason));
        }
        return chain;
      }
      map = map.then(step.get().map());
      if (!map.isFinite()) {
        skip(next, "its factors or summands are not finite numbers");
        return chain;
      }
      chain.add(step.get());
      value = next.output(0);
    }
  }

  private void fold(LinearNode linear, List<AffineStep> steps) {
    Optional<double[]> bias = edit.bias(linear);
    if (bias.isEmpty()) {
      skip(
          steps.get(0).node(),
          linear.node().label()
              + " adds "
              + linear.node().input(2)
              + ", which is not a constant"
              + " a channel");
      return;
    }
    List<AffineStep> chain = allowed(linear, steps);
    ChannelAffine map = ChannelAffine.identity(linear.channels());
    for (AffineStep step : chain) {
      map = map.then(step.map());
    }
    if (chain.isEmpty() || !pays(linear, chain, map)) {
      return;
    }
    double[] newBias = bias.get();
    for (int c = 0; c < newBias.length; c++) {
      newBias[c] = map.scale(c) * newBias[c] + map.shift(c);
    }
    @Nullable Tensor weight = null;
    if (!map.keepsScale()) {
      weight = scaling.scale(linear.weight(), linear.outputs(), map.scales()).orElse(null);
    }
    if ((weight == null && !map.keepsScale()) || !LinearEdit.fits(newBias, linear.type())) {
      skip(
          chain.get(0).node(),
          "folded into "
              + linear.node().label()
              + " its numbers would not fit into "
              + linear.type());
      return;
    }
    edit.replace(linear, weight, newBias, chain.get(chain.size() - 1).node().output(0));
    for (AffineStep step : chain) {
      edit.remove(step.node(), step.constants());
      changes.add(Change.of(step.node(), "folded into " + linear.node().label()));
    }
  }

  /** The steps that may be folded: where the weight is shared, only those that do not scale. */
  private List<AffineStep> allowed(LinearNode linear, List<AffineStep> steps) {
    String weight = linear.weightName();
    if (index.uses(weight).size() == 1 && !index.isOutput(weight)) {
      return steps;
    }
    List<AffineStep> allowed = new ArrayList<>();
    for (AffineStep step : steps) {
      if (!step.map().keepsScale()) {
        skip(
            step.node(),
            "the weight "
                + weight
                + " of "
                + linear.node().label()
                + " is shared with other nodes");
        break;
      }
      allowed.add(step);
    }
    return allowed;
  }

  /** A MatMul keeps an Add: folding one Add into it would change nothing. */
  private static boolean pays(LinearNode linear, List<AffineStep> chain, ChannelAffine map) {
    return !linear.node().is("MatMul") || chain.size() > 1 || !map.keepsScale() || map.keepsZero();
  }
}
