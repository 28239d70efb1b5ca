package dev.compress.runtime;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A copy of a model whose nodes, those of subgraphs included, have numbers for names. When the
 * runtime fuses nodes it makes the new name of the old ones ("fused #7#", "#7#_token_48"), so the
 * number says where a kernel comes from, however nodes were called.
 */
final class MarkedModel {
  private static final Pattern MARK = Pattern.compile("#(\\d+)#");

  private final List<Node> originals = new ArrayList<>();
  private final OnnxModel marked;

  MarkedModel(OnnxModel model) {
    marked = model.withGraph(mark(model.graph()));
  }

  private Graph mark(Graph graph) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      int number = originals.size();
      originals.add(node);
      List<Attribute> attributes = new ArrayList<>();
      for (Attribute attribute : node.attributes()) {
        attributes.add(
            new Attribute(
                attribute.name(),
                mark(attribute.value()),
                attribute.docString(),
                attribute.extras()));
      }
      nodes.add(
          new Node(
              "#" + number + "#",
              node.opType(),
              node.domain(),
              node.overload(),
              node.inputs(),
              node.outputs(),
              attributes,
              node.docString(),
              node.extras()));
    }
    return graph.withNodes(nodes);
  }

  private AttributeValue mark(AttributeValue value) {
    if (value instanceof AttributeValue.GraphValue graph) {
      return new AttributeValue.GraphValue(mark(graph.value()));
    }
    if (value instanceof AttributeValue.GraphsValue graphs) {
      return new AttributeValue.GraphsValue(graphs.values().stream().map(this::mark).toList());
    }
    return value;
  }

  /** The copy. */
  OnnxModel model() {
    return marked;
  }

  /** The original nodes by number: instances of the original graphs. */
  List<Node> originals() {
    return originals;
  }

  /** The number in the name of a kernel's node; the last, where several were fused. */
  OptionalInt number(String kernelName) {
    Matcher matcher = MARK.matcher(kernelName);
    OptionalInt found = OptionalInt.empty();
    while (matcher.find()) {
      int number = Integer.parseInt(matcher.group(1));
      if (number < originals.size()) {
        found = OptionalInt.of(number);
      }
    }
    return found;
  }
}
