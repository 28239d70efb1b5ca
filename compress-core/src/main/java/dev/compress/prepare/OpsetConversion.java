package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Function;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.OpsetImport;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One walk over a model that rewrites its nodes version by version; see {@link UpgradeOpset}. */
final class OpsetConversion {
  private final OperatorVersions versions = new OperatorVersions();
  private final UpgradeRules rules = new UpgradeRules();
  private final OnnxModel model;
  private final long target;
  private final List<Change> changes = new ArrayList<>();
  private final List<Skipped> refusals = new ArrayList<>();

  OpsetConversion(OnnxModel model, long target) {
    this.model = model;
    this.target = target;
  }

  /** What was rewritten. */
  List<Change> changes() {
    return changes;
  }

  /** Why the model cannot be upgraded; empty if it was. */
  List<Skipped> refusals() {
    return refusals;
  }

  /** The upgraded graph; meaningless if there are refusals. */
  Graph run() {
    checkFunctions();
    return convert(model.graph(), new ValueTypes(model), null);
  }

  /** The first refusal that can be seen without converting anything. */
  Optional<Skipped> unknownOperator() {
    findUnknown(model.graph());
    checkFunctions();
    return refusals.stream().findFirst();
  }

  private void findUnknown(Graph graph) {
    for (Node node : graph.nodes()) {
      if (node.domain().isEmpty() && !isKnown(node)) {
        refuse(node, "opset " + model.opset() + " has no operator " + node.opType());
      }
      node.subgraphs().forEach(this::findUnknown);
    }
  }

  private boolean isKnown(Node node) {
    return versions.exists(node.opType(), model.opset()) || rules.isLegacy(node.opType());
  }

  private void refuse(Node node, String reason) {
    refusals.add(Skipped.of(node, reason));
  }

  /** Functions are not rewritten: what they call must mean the same in both versions. */
  private void checkFunctions() {
    for (Function function : model.functions()) {
      long from =
          function.opsets().stream()
              .filter(o -> o.domain().isEmpty())
              .mapToLong(OpsetImport::version)
              .findFirst()
              .orElse(model.opset());
      function.nodes().forEach(node -> checkInFunction(function, node, from));
    }
  }

  private void checkInFunction(Function function, Node node, long from) {
    if (node.domain().isEmpty()) {
      Optional<Long> now = versions.since(node.opType(), from);
      if (now.isEmpty() || !now.equals(versions.since(node.opType(), target))) {
        refuse(
            node,
            "it is in function "
                + function.name()
                + ", which is not rewritten, and changed"
                + " between opset "
                + from
                + " and "
                + target);
      }
    }
    for (Graph graph : node.subgraphs()) {
      graph.nodes().forEach(inner -> checkInFunction(function, inner, from));
    }
  }

  private Graph convert(Graph graph, ValueTypes types, @Nullable UpgradeScope outer) {
    UpgradeScope scope = new UpgradeScope(graph, types, outer, target);
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      nodes.addAll(convert(convertSubgraphs(node, scope), scope));
    }
    boolean same = scope.added().isEmpty() && sameInstances(nodes, graph.nodes());
    if (same) {
      return graph;
    }
    List<Initializer> initializers = new ArrayList<>(graph.initializers());
    initializers.addAll(scope.added());
    return graph.withNodes(nodes).withInitializers(initializers);
  }

  private static boolean sameInstances(List<Node> nodes, List<Node> others) {
    if (nodes.size() != others.size()) {
      return false;
    }
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i) != others.get(i)) {
        return false;
      }
    }
    return true;
  }

  private Node convertSubgraphs(Node node, UpgradeScope scope) {
    if (node.subgraphs().isEmpty()) {
      return node;
    }
    List<Attribute> attributes = new ArrayList<>();
    boolean changed = false;
    for (Attribute attribute : node.attributes()) {
      AttributeValue value = attribute.value();
      if (value instanceof AttributeValue.GraphValue g) {
        Graph converted = convertSubgraph(g.value(), scope);
        if (converted != g.value()) {
          value = new AttributeValue.GraphValue(converted);
        }
      } else if (value instanceof AttributeValue.GraphsValue g) {
        value =
            new AttributeValue.GraphsValue(
                g.values().stream().map(inner -> convertSubgraph(inner, scope)).toList());
      }
      changed |= value != attribute.value();
      attributes.add(
          new Attribute(attribute.name(), value, attribute.docString(), attribute.extras()));
    }
    return changed ? node.withAttributes(attributes) : node;
  }

  private Graph convertSubgraph(Graph graph, UpgradeScope scope) {
    return convert(graph, new ValueTypes(graph, scope.types()), scope);
  }

  /** A node, version by version: each rule sees what the one before it made. */
  private List<Node> convert(Node original, UpgradeScope scope) {
    if (!original.domain().isEmpty()) {
      return List.of(original);
    }
    if (!isKnown(original)) {
      refuse(original, "opset " + model.opset() + " has no operator " + original.opType());
      return List.of(original);
    }
    List<Node> nodes = List.of(original);
    for (long version = model.opset() + 1; version <= target; version++) {
      List<Node> next = new ArrayList<>();
      for (Node node : nodes) {
        UpgradeRule rule = rules.at(node.opType(), version).orElse(null);
        if (rule == null) {
          next.add(node);
          continue;
        }
        UpgradeRule.Outcome outcome = rule.apply(node, scope);
        if (!outcome.refusal().isEmpty()) {
          refuse(original, "for opset " + version + ": " + outcome.refusal());
          return List.of(original);
        }
        next.addAll(outcome.nodes());
      }
      nodes = next;
    }
    for (Node node : nodes) {
      if (!versions.exists(node.opType(), target)) {
        refuse(original, "opset " + target + " no longer has operator " + node.opType());
      }
    }
    if (nodes.size() != 1 || !nodes.get(0).equals(original)) {
      changes.add(Change.of(original, "rewritten from opset " + model.opset() + " to " + target));
      return nodes;
    }
    return List.of(original);
  }
}
