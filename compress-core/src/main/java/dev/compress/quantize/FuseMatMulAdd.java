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
import dev.compress.runtime.Shapes;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code Add(MatMul(X, W), b)} with a two-dimensional X becomes {@code Gemm(X, W, b)}. ONNX Runtime
 * does the same before it looks for quantized nodes, and would then run the Gemm in float with its
 * weight unpacked at each run, because the bias is not quantized.
 */
public record FuseMatMulAdd() implements CompressionPass {
  private record Match(Node matMul, BiasAdd bias) {}

  @Override
  public String name() {
    return "fuse-matmul-add";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return matches(model, new GraphIndex(model.graph())).isEmpty()
        ? Optional.of(new NotApplicable("no MatMul with a constant weight is followed by its bias"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    List<Match> matches = matches(model, index);
    if (matches.isEmpty()) {
      return PassResult.unchanged(model);
    }
    Shapes shapes = context.shapes(model);
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    for (Match match : matches) {
      if (PatternCost.rank(match.matMul().input(0), shapes) != 2) {
        continue;
      }
      Node add = match.bias().add();
      String bias = match.bias().name();
      Tensor value = match.bias().bias();
      if (value.shape().rank() > 1) {
        bias = editor.addInitializer(bias + "_1d", value.reshaped(Shape.of(value.elementCount())));
      }
      editor.remove(add);
      editor.replace(
          match.matMul(),
          Node.of(
              "Gemm",
              match.matMul().name(),
              List.of(match.matMul().input(0), match.matMul().input(1), bias),
              List.of(add.output(0))));
      changes.add(Change.of(match.matMul(), "with the bias of " + add.label()));
    }
    return changes.isEmpty()
        ? PassResult.unchanged(model)
        : PassResult.of(model.withGraph(editor.build()), changes, List.of());
  }

  private static List<Match> matches(OnnxModel model, GraphIndex index) {
    List<Match> matches = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      if (!node.is("MatMul") || NodePattern.match(node, index).isEmpty()) {
        continue;
      }
      long columns = index.constant(node.input(1)).orElseThrow().shape().dim(1);
      BiasAdd.after(node, columns, index)
          .filter(b -> b.bias().shape().rank() <= 2)
          .ifPresent(b -> matches.add(new Match(node, b)));
    }
    return matches;
  }
}
