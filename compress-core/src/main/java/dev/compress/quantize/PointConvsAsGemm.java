package dev.compress.quantize;

import dev.compress.graph.Attribute;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Chains of 1x1 convolutions on 1x1 maps, as squeeze-and-excite blocks have, become {@code Flatten,
 * Gemm, activation, Gemm, activation, Unsqueeze}: the same sums without changes of layout. The
 * runtime fuses Gemm and activation.
 */
public record PointConvsAsGemm() implements CompressionPass {
  private static final Set<String> ACTIVATIONS =
      Set.of("Relu", "HardSigmoid", "Sigmoid", "Tanh", "LeakyRelu", "Clip");
  private static final long OPSET = 13;

  @Override
  public String name() {
    return "point-convs-as-gemm";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    GraphIndex index = new GraphIndex(model.graph());
    if (model.opset() < OPSET) {
      return Optional.of(new NotApplicable("it takes opset " + OPSET));
    }
    return model.graph().nodes().stream().noneMatch(n -> isPointConv(n, index))
        ? Optional.of(new NotApplicable("there are no 1x1 convolutions with constant weights"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    if (notApplicableTo(model).isPresent()) {
      return PassResult.unchanged(model);
    }
    Shapes shapes = context.shapes(model);
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    List<Node> done = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      if (!done.contains(node) && isOnPoint(node, index, shapes)) {
        List<Node> chain = chain(node, index, shapes);
        done.addAll(chain);
        rewrite(chain, index, editor);
        chain.stream().filter(n -> n.is("Conv")).forEach(n -> changes.add(Change.of(n, "as Gemm")));
      }
    }
    editor.removeDead();
    return changes.isEmpty()
        ? PassResult.unchanged(model)
        : PassResult.of(model.withGraph(editor.build()), changes, List.of());
  }

  private static boolean isPointConv(Node node, GraphIndex index) {
    return NodePattern.match(node, index)
        .filter(p -> node.is("Conv") && p.kernelVolume() == 1 && p.groups() == 1)
        .filter(p -> p.tensor().shape().rank() == 4)
        .isPresent();
  }

  /** A point convolution whose input and output are known to be 1x1 maps. */
  private static boolean isOnPoint(Node node, GraphIndex index, Shapes shapes) {
    return isPointConv(node, index)
        && isPoint(node.input(0), shapes)
        && isPoint(node.output(0), shapes);
  }

  private static boolean isPoint(String value, Shapes shapes) {
    return shapes
        .dims(value)
        .filter(d -> d.size() == 4)
        .filter(d -> d.get(2).sizeOrUnknown() == 1 && d.get(3).sizeOrUnknown() == 1)
        .isPresent();
  }

  private static List<Node> chain(Node first, GraphIndex index, Shapes shapes) {
    List<Node> chain = new ArrayList<>(List.of(first));
    Optional<Node> next = index.onlyConsumer(first.output(0));
    while (next.isPresent()
        && ((next.get().domain().isEmpty() && ACTIVATIONS.contains(next.get().opType()))
            || isOnPoint(next.get(), index, shapes))) {
      chain.add(next.get());
      next = index.onlyConsumer(next.get().output(0));
    }
    return chain;
  }

  private static void rewrite(List<Node> chain, GraphIndex index, GraphEditor editor) {
    Node first = chain.get(0);
    String end = chain.get(chain.size() - 1).output(0);
    String flat = editor.freshName(first.input(0) + "_flat");
    editor.add(
        Node.of("Flatten", flat, List.of(first.input(0)), List.of(flat), Attribute.of("axis", 1)));
    String value = flat;
    for (Node node : chain) {
      String output = editor.freshName(node.output(0) + "_flat");
      if (node.is("Conv")) {
        Tensor weight = index.constant(node.input(1)).orElseThrow();
        Shape matrix = Shape.of(weight.shape().dim(0), weight.shape().dim(1));
        List<String> inputs = new ArrayList<>();
        inputs.add(value);
        inputs.add(editor.addInitializer(node.input(1) + "_2d", weight.reshaped(matrix)));
        if (node.hasInput(2)) {
          inputs.add(node.input(2));
        }
        editor.replace(
            node, Node.of("Gemm", node.name(), inputs, List.of(output), Attribute.of("transB", 1)));
      } else {
        editor.replace(node, node.withInput(0, value).withOutputs(List.of(output)));
      }
      value = output;
    }
    String axes = editor.addInitializer(end + "_axes", Tensor.ofLongs(Shape.of(2), 2, 3));
    editor.add(
        Node.of("Unsqueeze", editor.freshName(end + "_map"), List.of(value, axes), List.of(end)));
  }
}
