package dev.compress.prepare;

import dev.compress.graph.Captures;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.SparseInitializer;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Removes what no graph output depends on: nodes, dense and sparse initializers, and declared types
 * of values that no longer exist. Graph inputs stay, read or not: they are the model's signature.
 *
 * <pre>{@code
 * before: Relu(x) -> y; Neg(x) -> unused; initializer w       after: Relu(x) -> y
 * }</pre>
 *
 * <p>Initializers that are graph inputs too are left alone. Subgraphs are left as they are, but
 * what they read counts as used.
 */
public record RemoveDead() implements CompressionPass {
  @Override
  public String name() {
    return "remove-dead";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return cleaned(model.graph()) == model.graph()
        ? Optional.of(new NotApplicable("Every node and initializer is used."))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Graph graph = model.graph();
    Graph cleaned = cleaned(graph);
    if (cleaned == graph) {
      return PassResult.unchanged(model);
    }
    List<Change> changes = new ArrayList<>();
    Set<Node> left = Collections.newSetFromMap(new IdentityHashMap<>());
    left.addAll(cleaned.nodes());
    for (Node node : graph.nodes()) {
      if (!left.contains(node)) {
        changes.add(Change.of(node, "removed: nothing reads its outputs"));
      }
    }
    Set<String> names = new HashSet<>();
    cleaned.initializers().forEach(i -> names.add(i.name()));
    cleaned.sparseInitializers().forEach(i -> names.add(i.name()));
    for (Initializer initializer : graph.initializers()) {
      if (!names.contains(initializer.name())) {
        long bytes = initializer.tensor().byteSize();
        changes.add(
            new Change(initializer.name(), "Initializer", "removed: unused, " + bytes + " bytes"));
      }
    }
    for (SparseInitializer initializer : graph.sparseInitializers()) {
      if (!names.contains(initializer.name())) {
        changes.add(new Change(initializer.name(), "SparseInitializer", "removed: unused"));
      }
    }
    int types = graph.valueInfos().size() - cleaned.valueInfos().size();
    if (types > 0) {
      changes.add(
          new Change(graph.name(), "Graph", "removed " + types + " types of values that are gone"));
    }
    return PassResult.of(model.withGraph(cleaned), changes, List.of());
  }

  /** The graph without what is dead, or the same instance. */
  private static Graph cleaned(Graph graph) {
    GraphEditor editor = new GraphEditor(graph);
    editor.removeDead();
    Graph cleaned = editor.build();

    Set<String> read = new HashSet<>();
    Set<String> known = new HashSet<>();
    cleaned.outputs().forEach(o -> read.add(o.name()));
    cleaned.inputs().forEach(i -> known.add(i.name()));
    cleaned.initializers().forEach(i -> known.add(i.name()));
    for (Node node : cleaned.nodes()) {
      read.addAll(node.inputs());
      read.addAll(Captures.of(node));
      known.addAll(node.outputs());
    }
    Set<String> declared = new HashSet<>();
    cleaned.inputs().forEach(i -> declared.add(i.name()));
    List<SparseInitializer> sparse =
        cleaned.sparseInitializers().stream()
            .filter(s -> read.contains(s.name()) || declared.contains(s.name()))
            .toList();
    sparse.forEach(s -> known.add(s.name()));
    List<ValueInfo> types =
        cleaned.valueInfos().stream().filter(v -> known.contains(v.name())).toList();
    if (sparse.size() == cleaned.sparseInitializers().size()
        && types.size() == cleaned.valueInfos().size()) {
      return cleaned;
    }
    return new Graph(
        cleaned.name(),
        cleaned.nodes(),
        cleaned.initializers(),
        sparse,
        cleaned.inputs(),
        cleaned.outputs(),
        types,
        cleaned.docString(),
        cleaned.metadata(),
        cleaned.extras());
  }
}
