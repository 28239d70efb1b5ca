package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
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
 * Removes nodes that only pass a value on, so that the nodes around them meet: Identity, Dropout at
 * inference, and casts, reshapes, transposes, pads and arithmetic that change nothing.
 *
 * <pre>{@code
 * before: Conv -> t; Dropout(t) -> u; Identity(u) -> y       after: Conv -> y
 * }</pre>
 *
 * <p>What counts as doing nothing is decided by {@link Passthrough}. The names of graph outputs are
 * kept: the node before takes the name over. Left alone, with the reason: a Dropout whose mask is
 * read or that may be in training, and a node that gives a graph output its name where the value is
 * an input, a constant or another output of the graph.
 */
public record RemoveIdentity() implements CompressionPass {
  @Override
  public String name() {
    return "remove-identity";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return model.graph().nodes().stream().noneMatch(Passthrough::mayBe)
        ? Optional.of(new NotApplicable("No node does nothing."))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    if (notApplicableTo(model).isPresent()) {
      return PassResult.unchanged(model);
    }
    ValueTypes types = new ValueTypes(model, context);
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    Graph graph = model.graph();
    while (true) {
      context.progress().check();
      skipped.clear();
      Graph next = round(graph, new Passthrough(graph, model.opset(), types), changes, skipped);
      if (next == graph) {
        return PassResult.of(model.withGraph(graph), changes, skipped);
      }
      graph = next;
    }
  }

  /** Removes what can be removed at once: all inner nodes, and at most one that makes an output. */
  private static Graph round(
      Graph graph, Passthrough passthrough, List<Change> changes, List<Skipped> skipped) {
    GraphIndex index = passthrough.index();
    GraphEditor editor = new GraphEditor(graph);
    Map<String, String> sources = new LinkedHashMap<>();
    boolean outputRenamed = false;
    for (Node node : graph.nodes()) {
      Optional<String> found = passthrough.sourceOf(node);
      if (found.isEmpty()) {
        passthrough.obstacle(node).ifPresent(reason -> skipped.add(Skipped.of(node, reason)));
        continue;
      }
      String output = node.output(0);
      String source = sources.getOrDefault(found.get(), found.get());
      if (!index.isOutput(output)) {
        sources.put(output, source);
      } else {
        Node producer = index.producer(source).orElse(null);
        if (producer == null || index.isOutput(source)) {
          skipped.add(
              Skipped.of(node, "it names a graph output, and " + source + " must keep its name"));
          continue;
        }
        if (outputRenamed || !sources.isEmpty()) {
          continue; // in a later round, on a graph without the others
        }
        outputRenamed = true;
        editor.renameOutputOf(producer, source, output);
        sources.put(source, output);
      }
      editor.remove(node);
      changes.add(Change.of(node, "removed: it only passes " + found.get() + " on"));
      if (outputRenamed) {
        break;
      }
    }
    editor.replaceUses(sources);
    return editor.build();
  }
}
