package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Folds batch normalization, and other constant arithmetic a channel, into the Conv, ConvTranspose,
 * Gemm or MatMul before it (or, where nothing is padded, behind it).
 *
 * <pre>{@code
 * before: Conv(x, W, b) -> Add(c) -> BatchNormalization -> Relu       after: Conv(x, W', b') -> Relu
 * }</pre>
 *
 * <p>A batch normalization with fixed statistics is {@code y = a x + d} a channel, with {@code a =
 * gamma / sqrt(variance + epsilon)} and {@code d = beta - a mean}. A chain of such steps, Add, Sub,
 * Mul and Div with constants included, is one such map, and goes into the weight and bias of the
 * linear node before it:
 *
 * <pre>{@code
 * W'[o, ...] = a[o] W[o, ...]          b'[o] = a[o] b[o] + d[o]
 * }</pre>
 *
 * <p>where {@code o} runs over output channels: axis 0 of a Conv's weight, axis 1 with the group of
 * axis 0 for a ConvTranspose {@code [C_in, C_out / groups, k...]}, the output axis of a product. A
 * MatMul has no bias: it keeps one Add. A batch normalization with nothing foldable before it goes
 * into a Conv without padding, a Gemm or a MatMul behind it:
 *
 * <pre>{@code
 * W'[o, i, ...] = a[i] W[o, i, ...]    b'[o] = b[o] + sum over i, k of W[o, i, k] d[i]
 * }</pre>
 *
 * <p>(Behind padding the border would be wrong: the padding's zeros are not normalized.)
 *
 * <p>All is computed in double and rounded once to the weight's type; weights are read and written
 * in pieces. Not folded, and listed with the reason: where the linear node's output is read by
 * others too or is a graph output; where the weight is shared with another node; where a parameter
 * is not a stored constant; training mode; {@code spatial = 0}; maps that are not finite.
 *
 * <p>Batch normalization: Ioffe and Szegedy 2015, arXiv 1502.03167.
 */
public record FoldBatchNorm() implements CompressionPass {
  @Override
  public String name() {
    return "fold-batch-norm";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    List<Node> nodes = model.graph().nodes();
    if (nodes.stream().noneMatch(AffineStep::mayBe)
        || nodes.stream().noneMatch(LinearNode::isLinear)) {
      return Optional.of(
          new NotApplicable("No Conv, ConvTranspose, Gemm or MatMul meets channel arithmetic."));
    }
    if (IrVersions.withFreeInitializers(model).isEmpty()) {
      return Optional.of(
          new NotApplicable(
              "Initializers are graph inputs at IR version "
                  + model.irVersion()
                  + "; take them out of the inputs first."));
    }
    return Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    if (notApplicableTo(model).isPresent()) {
      return PassResult.unchanged(model);
    }
    ValueTypes types = new ValueTypes(model, context);
    List<Change> changes = new ArrayList<>();
    Map<String, Skipped> skipped = new LinkedHashMap<>();
    context.progress().begin("fold batch normalization", -1);
    Graph graph = model.graph();
    boolean again = true;
    while (again) {
      ProducerFolding before = new ProducerFolding(graph, model.opset(), types, context);
      graph = before.run();
      changes.addAll(before.changes());
      skipped.putAll(before.skipped());
      ConsumerFolding behind = new ConsumerFolding(graph, model.opset(), types, context);
      again = behind.run() != graph;
      graph = behind.result();
      changes.addAll(behind.changes());
      behind.skipped().forEach(skipped::putIfAbsent);
    }
    List<Skipped> left = new ArrayList<>();
    for (Node node : graph.nodes()) {
      Skipped reason = skipped.get(node.output(0));
      if (reason != null) {
        left.add(reason);
      } else if (node.is("BatchNormalization")) {
        left.add(Skipped.of(node, "there is no Conv, ConvTranspose, Gemm or MatMul next to it"));
      }
    }
    if (graph == model.graph()) {
      return new PassResult(model, changes, left, List.of());
    }
    OnnxModel result = IrVersions.withFreeInitializers(model).orElseThrow();
    return PassResult.of(result.withGraph(graph), changes, left);
  }
}
