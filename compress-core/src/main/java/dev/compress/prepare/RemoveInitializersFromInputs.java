package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Takes initializers out of the graph's declared inputs.
 *
 * <p>Before IR 4 every initializer had to be declared as an input too, and many exporters went on
 * doing so. From IR 4 on such a declaration means something else: the caller may override the
 * value, which is then no constant, so that nothing folds and nothing fuses and no weight can be
 * quantized. At IR 3 it is only noise, but raising the IR alone would make a constant overridable:
 * so this pass raises a lower IR to {@value IrVersions#FREE_INITIALIZERS} in the same step.
 *
 * <pre>{@code
 * before: IR 3, inputs x, W, b; initializers W, b      after: IR 4, input x; initializers W, b
 * }</pre>
 *
 * <p>The computed function is the same for every caller who feeds only the true inputs. A caller
 * who overrode an initializer at run time can no longer do so; the result's warning says how many
 * could have been.
 *
 * @param keep names that stay overridable
 */
public record RemoveInitializersFromInputs(Set<String> keep) implements CompressionPass {
  /** Copies the names. */
  public RemoveInitializersFromInputs {
    keep = Set.copyOf(keep);
  }

  /** Takes out all. */
  public RemoveInitializersFromInputs() {
    this(Set.of());
  }

  @Override
  public String name() {
    return "remove-initializers-from-inputs";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return removable(model.graph()).isEmpty()
        ? Optional.of(new NotApplicable("No initializer is among the graph's inputs."))
        : Optional.empty();
  }

  private Set<String> removable(Graph graph) {
    Set<String> names = IrVersions.overridable(graph);
    names.removeAll(keep);
    return names;
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Graph graph = model.graph();
    Set<String> removable = removable(graph);
    if (removable.isEmpty()) {
      return PassResult.unchanged(model);
    }
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    List<ValueInfo> inputs = new ArrayList<>();
    Set<String> initializers = new HashSet<>();
    graph.initializers().forEach(i -> initializers.add(i.name()));
    for (ValueInfo input : graph.inputs()) {
      if (removable.contains(input.name())) {
        changes.add(new Change(input.name(), "Initializer", "taken out of the graph's inputs"));
      } else {
        inputs.add(input);
        if (initializers.contains(input.name())) {
          skipped.add(new Skipped(input.name(), "Initializer", "kept overridable as asked"));
        }
      }
    }
    OnnxModel result = model.withGraph(graph.withInputs(inputs));
    List<String> warnings = List.of();
    if (model.irVersion() >= IrVersions.FREE_INITIALIZERS) {
      warnings =
          List.of(
              removable.size()
                  + " initializers are no longer graph inputs: they cannot be overridden when the"
                  + " model runs.");
    } else {
      result = result.withIrVersion(IrVersions.FREE_INITIALIZERS);
      changes.add(
          new Change(
              graph.name(),
              "Model",
              "IR version " + model.irVersion() + " -> " + IrVersions.FREE_INITIALIZERS));
    }
    return new PassResult(result, changes, skipped, warnings);
  }
}
