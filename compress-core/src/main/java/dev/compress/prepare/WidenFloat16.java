package dev.compress.prepare;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Lets a float16 model compute in float32, as ONNX Runtime does on a CPU anyway, with conversions
 * around every node: so that its weights are seen as weights, and its layers as layers that can
 * compute in integers.
 *
 * <pre>{@code
 * before: input x: float16;  Conv(x, W: float16) -> y: float16
 * after:  input x: float16;  Cast(x) -> x_f;  Conv(x_f, W: float) -> y_f;  Cast(y_f) -> y: float16
 * }</pre>
 *
 * <p>The model's inputs and outputs keep their types; conversions inside it fall away. Every
 * float16 is a float32, so no weight changes; sums are no longer rounded to 11 bits. Whoever writes
 * the model stores what stayed a float in half precision again.
 *
 * <p>The whole model is widened or nothing: left alone, with the reason, is a model with operators
 * of other makers that read or make float16, because only those know whether they take float32.
 *
 * @param bodies whether models whose subgraphs hold float16 are widened too: their constants take
 *     twice the bytes until something else stores them in less
 */
public record WidenFloat16(boolean bodies) implements CompressionPass {
  /** In reports. */
  public static final String NAME = "widen-float16";

  /** Whose operators take float32 wherever they take float16. */
  private static final Set<String> KNOWN_DOMAINS = Set.of("", "com.microsoft");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return HalfValues.isInside(model.graph())
        ? Optional.empty()
        : Optional.of(new NotApplicable("Nothing in the model computes in float16."));
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    if (notApplicableTo(model).isPresent()) {
      return PassResult.unchanged(model);
    }
    Shapes shapes = context.shapes(model);
    List<Skipped> foreign = foreign(model, shapes);
    if (!foreign.isEmpty()) {
      return PassResult.of(model, List.of(), foreign);
    }
    List<Change> changes = new ArrayList<>();
    OnnxModel widened =
        model.withGraph(new HalfWidening(context, shapes, changes).widen(model.graph()));
    if (widened.graph() == model.graph()) {
      return PassResult.unchanged(model);
    }
    try {
      context.shapes(widened);
    } catch (InvalidModelException e) {
      return new PassResult(
          model,
          List.of(),
          List.of(),
          List.of("The model stays in float16, which is slow on a CPU: " + e.getMessage()));
    }
    return PassResult.of(widened, changes, List.of());
  }

  /** Nodes that may want float16, or are to keep it, in the main graph or a body. */
  private List<Skipped> foreign(OnnxModel model, Shapes shapes) {
    List<Skipped> found = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      boolean here =
          !KNOWN_DOMAINS.contains(node.domain())
              && Stream.concat(node.inputs().stream(), node.outputs().stream())
                  .filter(v -> !v.isEmpty())
                  .anyMatch(v -> shapes.element(v).map(ElementType.FLOAT16::equals).orElse(true));
      if (here || HalfValues.hasOtherDomain(node, KNOWN_DOMAINS)) {
        found.add(Skipped.of(node, "an operator of " + node.domain() + " may want float16"));
      } else if (!bodies && node.subgraphs().stream().anyMatch(HalfValues::isIn)) {
        found.add(Skipped.of(node, "constants of its subgraphs would take twice the bytes"));
      }
    }
    return found;
  }
}
