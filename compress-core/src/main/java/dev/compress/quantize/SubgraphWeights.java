package dev.compress.quantize;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Change;
import java.util.ArrayList;
import java.util.List;

/**
 * Stores the weights inside the bodies of If, Loop and Scan in 8 bits. Their arithmetic stays in
 * float: calibration cannot look into bodies.
 */
final class SubgraphWeights {
  private final NodeFilter filter;
  private final CodeMap map;
  private final PassContext context;

  SubgraphWeights(NodeFilter filter, CodeMap map, PassContext context) {
    this.filter = filter;
    this.map = map;
    this.context = context;
  }

  /** Whether a body anywhere in a graph holds a weight that is worth it. */
  static boolean exist(Graph graph) {
    for (Node node : graph.nodes()) {
      for (Graph body : node.subgraphs()) {
        GraphIndex index = new GraphIndex(body);
        if (exist(body)
            || body.constants().stream().anyMatch(c -> StoredWeights.match(c, index).isPresent())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Replaces the nodes of the main graph whose bodies hold weights. */
  void store(Graph main, GraphEditor editor, List<Change> changes) {
    for (Node node : editor.currentNodes()) {
      editor.replace(node, stored(node, main, changes));
    }
  }

  private Node stored(Node node, Graph main, List<Change> changes) {
    if (node.subgraphs().isEmpty()) {
      return node;
    }
    int before = changes.size();
    List<Attribute> attributes = new ArrayList<>();
    for (Attribute attribute : node.attributes()) {
      AttributeValue value = attribute.value();
      if (value instanceof AttributeValue.GraphValue g) {
        value = new AttributeValue.GraphValue(stored(g.value(), main, changes));
      } else if (value instanceof AttributeValue.GraphsValue g) {
        value =
            new AttributeValue.GraphsValue(
                g.values().stream().map(body -> stored(body, main, changes)).toList());
      }
      attributes.add(
          new Attribute(attribute.name(), value, attribute.docString(), attribute.extras()));
    }
    return changes.size() == before ? node : node.withAttributes(attributes);
  }

  private Graph stored(Graph body, Graph main, List<Change> changes) {
    GraphIndex index = new GraphIndex(body);
    GraphEditor editor = new GraphEditor(body, main);
    for (Node node : body.nodes()) {
      editor.replace(node, stored(node, main, changes));
    }
    for (Initializer constant : body.constants()) {
      StoredWeights stored = StoredWeights.match(constant, index).orElse(null);
      if (stored == null || !StoredWeights.readers(constant.name(), index).allMatch(filter)) {
        continue;
      }
      context.progress().check();
      WeightCodes codes = WeightCodes.of(stored, map, context);
      stored.emit(editor, codes.codes(), codes.scales());
      index.producer(constant.name()).ifPresent(editor::remove);
      Node reader = index.uses(constant.name()).get(0).node();
      changes.add(Change.of(reader, "weight " + constant.name() + " stored in 8 bits"));
    }
    return editor.build();
  }
}
