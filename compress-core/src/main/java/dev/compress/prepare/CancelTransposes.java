package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import java.util.List;
import java.util.Optional;

/**
 * Moves Transposes down through elementwise operators until they meet their opposites and cancel,
 * so that a network in NHWC becomes one in NCHW, and channel arithmetic comes to stand next to the
 * Conv that it can be folded into.
 *
 * <pre>{@code
 * before: Conv -> Transpose(0231) -> Mul(s) -> Relu -> Transpose(0312) -> Conv
 * after:  Conv -> Mul(s as [C, 1, 1]) -> Relu -> Conv
 * }</pre>
 *
 * <p>With {@code T} the permutation of axes: {@code f(T x, T y) = T f(x, y)} for every elementwise
 * {@code f}; {@code T'(T x)} is one permutation; a constant operand is transposed the other way in
 * advance; {@code Concat} along axis {@code a} of transposed values is one along axis {@code
 * order[a]}; and a Reshape to given sizes does not see a Transpose that only moves dims of size 1.
 * All values are bit for bit the same.
 *
 * <p>Done only if it leaves fewer Transposes than there were, and none where the runtime would have
 * to transpose more often.
 */
public record CancelTransposes() implements CompressionPass {
  @Override
  public String name() {
    return "cancel-transposes";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return count(model.graph()) == 0
        ? Optional.of(new NotApplicable("There is no Transpose."))
        : Optional.empty();
  }

  private static long count(Graph graph) {
    return graph.nodes().stream().filter(n -> n.is("Transpose")).count();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Graph graph = model.graph();
    Optional<OnnxModel> raised = IrVersions.withFreeInitializers(model);
    if (count(graph) == 0 || raised.isEmpty()) {
      return PassResult.unchanged(model);
    }
    Graph moved = new TransposeSinking(graph, new ValueTypes(model, context)).run();
    long before = count(graph);
    long after = count(moved);
    if (after >= before) {
      return PassResult.unchanged(model);
    }
    List<Change> changes =
        List.of(new Change(graph.name(), "Transpose", before + " -> " + after + " Transposes"));
    OnnxModel result = raised.get();
    return PassResult.of(result.withGraph(moved), changes, List.of());
  }

  /** Operators that treat each element by itself. */
  static boolean isElementwise(Node node) {
    return node.domain().isEmpty() && TransposeSinking.ELEMENTWISE.contains(node.opType());
  }
}
