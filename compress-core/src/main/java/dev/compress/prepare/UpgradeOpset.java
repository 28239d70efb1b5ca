package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Raises the version of the ONNX operator set without changing what the model computes, because
 * quantized forms need newer operators: per-channel QuantizeLinear and DequantizeLinear opset 13,
 * int4 and blocks opset 21.
 *
 * <pre>{@code
 * before (opset 9): Squeeze(x; axes = [2]) -> y; Clip(y; min = 0, max = 6) -> z
 * after (opset 13): Squeeze(x, [2]) -> y; Clip(y, 0, 6) -> z
 * }</pre>
 *
 * <p>Each node goes version by version through the rules of {@link UpgradeRules}: attributes that
 * became inputs, defaults that changed, operators that were renamed, and experimental ones that
 * were removed (ImageScaler, Crop, Affine). Bodies of If, Loop and Scan are rewritten too;
 * operators of other domains are not touched. Functions are left as they are, and must not hold an
 * operator that changed. The IR version is raised to the one that the operator set was released
 * with.
 *
 * <p>All or nothing: if one node has no rule or cannot be said in the new version, the model stays
 * as it is, and the result names that node.
 *
 * @param target the version to reach, {@value OperatorVersions#OLDEST} to {@value
 *     OperatorVersions#NEWEST}
 */
public record UpgradeOpset(long target) implements CompressionPass {
  /** The first version whose QuantizeLinear works per channel. */
  public static final long PER_CHANNEL = 13;

  /** The first version with 4-bit integers and blockwise DequantizeLinear. */
  public static final long FOUR_BITS = 21;

  /** Checks the version. */
  public UpgradeOpset {
    if (target < OperatorVersions.OLDEST || target > OperatorVersions.NEWEST) {
      throw new IllegalArgumentException(
          "Opset "
              + target
              + " is not one of "
              + OperatorVersions.OLDEST
              + " to "
              + OperatorVersions.NEWEST);
    }
  }

  @Override
  public String name() {
    return "upgrade-opset";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    long opset = model.opset();
    if (opset == 0) {
      return Optional.of(new NotApplicable("The model uses no operators of the ONNX set."));
    }
    if (opset >= target) {
      return Optional.of(new NotApplicable("The model is at opset " + opset + " already."));
    }
    if (opset < OperatorVersions.OLDEST) {
      return Optional.of(
          new NotApplicable("Upgrades begin at opset " + OperatorVersions.OLDEST + "."));
    }
    if (IrVersions.atLeast(model, IrVersions.forOpset(target)).isEmpty()) {
      return Optional.of(
          new NotApplicable(
              "Initializers are graph inputs at IR version "
                  + model.irVersion()
                  + "; take them out of the inputs first."));
    }
    return new OpsetConversion(model, target)
        .unknownOperator()
        .map(s -> new NotApplicable("Node " + s.node() + " (" + s.op() + "): " + s.reason() + "."));
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Optional<NotApplicable> obstacle = notApplicableTo(model);
    if (obstacle.isPresent()) {
      boolean wanted = model.opset() != 0 && model.opset() < target;
      return new PassResult(
          model,
          List.of(),
          List.of(),
          wanted ? List.of(warning(obstacle.get().reason())) : List.of());
    }
    OpsetConversion conversion = new OpsetConversion(model, target);
    Graph graph = conversion.run();
    if (!conversion.refusals().isEmpty()) {
      Skipped first = conversion.refusals().get(0);
      return new PassResult(
          model,
          List.of(),
          conversion.refusals(),
          List.of(warning("node " + first.node() + " (" + first.op() + "): " + first.reason())));
    }
    List<Change> changes = new ArrayList<>(conversion.changes());
    changes.add(
        new Change(model.graph().name(), "Model", "opset " + model.opset() + " -> " + target));
    OnnxModel result = IrVersions.atLeast(model, IrVersions.forOpset(target)).orElseThrow();
    return PassResult.of(result.withGraph(graph).withOpset("", target), changes, List.of());
  }

  private String warning(String reason) {
    return "The model stays below opset " + target + ": " + reason;
  }
}
