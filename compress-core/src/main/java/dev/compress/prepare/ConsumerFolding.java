package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
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

/** Folds batch normalization into the linear node behind it; see {@link FoldBatchNorm}. */
final class ConsumerFolding {
  private final Graph graph;
  private final long opset;
  private final ValueTypes types;
  private final GraphIndex index;
  private final GraphEditor editor;
  private final LinearEdit edit;
  private final WeightScaling scaling;
  private final List<Change> changes = new ArrayList<>();
  private final Map<String, Skipped> skipped = new LinkedHashMap<>();
  private Graph result;

  ConsumerFolding(Graph graph, long opset, ValueTypes types, PassContext context) {
    this.graph = graph;
    this.opset = opset;
    this.types = types;
    this.index = new GraphIndex(graph);
    this.editor = new GraphEditor(graph);
    this.edit = new LinearEdit(index, editor, context);
    this.scaling = new WeightScaling(context);
    this.result = graph;
  }

  List<Change> changes() {
    return changes;
  }

  /** The nodes left alone with the reason, by their first output. */
  Map<String, Skipped> skipped() {
    return skipped;
  }

  Graph result() {
    return result;
  }

  Graph run() {
    for (Node node : graph.nodes()) {
      if (node.is("BatchNormalization")) {
        Optional<String> reason = fold(node);
        reason.ifPresent(r -> skipped.put(node.output(0), Skipped.of(node, r)));
      }
    }
    result = editor.build();
    return result;
  }

  /** Folds one, or says why not; says nothing where there is no linear node. */
  private Optional<String> fold(Node norm) {
    Optional<String> unusable = AffineStep.notInference(norm, index, opset);
    if (unusable.isPresent()) {
      return unusable;
    }
    Node next = index.onlyConsumer(norm.output(0)).orElse(null);
    if (next == null
        || !LinearNode.isLinear(next)
        || next.is("ConvTranspose")
        || !next.input(0).equals(norm.output(0))) {
      return Optional.empty();
    }
    LinearNode linear = LinearNode.of(next, index).orElse(null);
    if (linear == null) {
      return Optional.of("the weight next to it is not a stored constant");
    }
    AffineStep step = AffineStep.batchNorm(norm, index).orElseThrow();
    Optional<String> obstacle = obstacle(norm, linear, step);
    if (obstacle.isPresent()) {
      return obstacle;
    }
    double[] bias = edit.bias(linear).orElseThrow();
    double alpha = next.is("Gemm") ? next.floatAttribute("alpha", 1) : 1;
    double[] sums =
        scaling.sums(linear.weight(), linear.inputs(), linear.outputs(), step.map().shifts());
    for (int c = 0; c < bias.length; c++) {
      bias[c] += alpha * sums[c];
    }
    Optional<Tensor> weight = scaling.scale(linear.weight(), linear.inputs(), step.map().scales());
    if (weight.isEmpty() || !LinearEdit.fits(bias, linear.type())) {
      return Optional.of(
          "folded into " + next.label() + " its numbers would not fit into " + linear.type());
    }
    Node rewired = editor.replace(next, next.withInput(0, norm.input(0)));
    LinearNode moved =
        new LinearNode(
            rewired, linear.weightName(), linear.weight(), linear.outputs(), linear.inputs());
    edit.replace(moved, weight.get(), bias, next.output(0));
    edit.remove(norm, step.constants());
    changes.add(Change.of(norm, "folded into " + next.label() + " behind it"));
    return Optional.empty();
  }

  private Optional<String> obstacle(Node norm, LinearNode linear, AffineStep step) {
    Node node = linear.node();
    if (!step.map().isFinite()) {
      return Optional.of("its factors or summands are not finite numbers");
    }
    if (step.map().channels() != linear.inputs().channels()) {
      return Optional.of("its channels are not the input channels of " + node.label());
    }
    if (node.is("Conv") && pads(node) && !step.map().keepsZero()) {
      return Optional.of(
          node.label() + " behind it pads with zeros, which the normalization would not have seen");
    }
    if (node.is("Gemm") && node.intAttribute("transA", 0) != 0) {
      return Optional.of(node.label() + " behind it reads it transposed");
    }
    if (node.is("MatMul") && types.rank(norm.output(0)) != 2) {
      return Optional.of("its channels are not known to be those that " + node.label() + " sums");
    }
    if (index.uses(linear.weightName()).size() != 1 || index.isOutput(linear.weightName())) {
      return Optional.of(
          "the weight "
              + linear.weightName()
              + " of "
              + node.label()
              + " is shared with other nodes");
    }
    if (edit.bias(linear).isEmpty()) {
      return Optional.of(node.label() + " behind it adds what is not a constant a channel");
    }
    return Optional.empty();
  }

  private static boolean pads(Node conv) {
    String autoPad = conv.stringAttribute("auto_pad", "NOTSET");
    boolean zeroPads = conv.intsAttribute("pads").orElse(List.of()).stream().allMatch(p -> p == 0);
    return autoPad.startsWith("SAME") || (autoPad.equals("NOTSET") && !zeroPads);
  }
}
