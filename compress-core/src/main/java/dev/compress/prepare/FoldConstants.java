package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import java.util.List;
import java.util.Optional;

/**
 * Computes what depends on constants only, once and here instead of at every load, so that weights
 * and shapes are seen as the constants that they are.
 *
 * <pre>{@code
 * before: Transpose(W) -> Wt; MatMul(x, Wt) -> y        after: MatMul(x, Wt) with initializer Wt
 * before: Shape(x) -> s; Gather(s, 1) -> n; ...         after: n, where all inputs have fixed sizes
 * }</pre>
 *
 * <p>The values are computed by ONNX Runtime, so they are those that it would compute itself. Nodes
 * that hang together are folded together or not at all; they are left alone, with the reason, where
 * folding would make the file larger: a ConstantOfShape that makes a large weight, an Expand, a
 * weight stored as half precision and cast, or an embedding that is also read transposed. Counted
 * are the bytes of the results against those of the constants that nobody else reads and of the
 * nodes themselves.
 *
 * <p>Never folded: random numbers, quantized weights (QuantizeLinear and DequantizeLinear are there
 * on purpose), control flow and graph outputs.
 *
 * @param growthBytes by how much a group of nodes may grow when folded; 0 lets no file grow
 */
public record FoldConstants(long growthBytes) implements CompressionPass {
  /** No group may grow. */
  public FoldConstants() {
    this(0);
  }

  /** Checks the limit. */
  public FoldConstants {
    if (growthBytes < 0) {
      throw new IllegalArgumentException("growthBytes must not be negative: " + growthBytes);
    }
  }

  @Override
  public String name() {
    return "fold-constants";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    if (IrVersions.withFreeInitializers(model).isEmpty()) {
      return Optional.of(
          new NotApplicable(
              "Initializers are graph inputs at IR version "
                  + model.irVersion()
                  + "; take them out of the inputs first."));
    }
    return new ConstantGroups(model, new ValueTypes(model)).find().isEmpty()
        ? Optional.of(new NotApplicable("No node depends on constants only."))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Optional<OnnxModel> raised = IrVersions.withFreeInitializers(model);
    if (raised.isEmpty()) {
      return PassResult.unchanged(model);
    }
    List<ConstantGroups.Group> groups =
        new ConstantGroups(model, new ValueTypes(model, context)).find();
    if (groups.isEmpty()) {
      return PassResult.unchanged(model);
    }
    context.progress().begin("fold constants", groups.size());
    ConstantFolding folding = new ConstantFolding(model, growthBytes, context);
    Graph graph = folding.fold(groups);
    return graph == model.graph()
        ? new PassResult(model, List.of(), folding.skipped(), List.of())
        : PassResult.of(raised.get().withGraph(graph), folding.changes(), folding.skipped());
  }
}
