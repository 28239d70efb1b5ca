package dev.compress.train;

import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.prepare.RemoveDead;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model with fewer residual blocks. A block is an Add of a value x and what is computed of x
 * alone; without it x goes on as it is, so what reads the sum sees the same shape. Those that are
 * left are spread evenly.
 */
final class ShallowerModel {
  private record Block(Node add, String skip) {}

  private ShallowerModel() {}

  /**
   * Leaves blocks out.
   *
   * @param kept how many of the blocks that could be left out stay
   */
  static OnnxModel of(OnnxModel model, int kept, PassContext context) {
    List<Block> blocks = blocks(model, context);
    if (blocks.size() <= kept) {
      throw new UnsupportedModelException(
          "The teacher has "
              + blocks.size()
              + " residual blocks that can be left out, so depth="
              + kept
              + " leaves all of them in. Ask for fewer, or use --student-from width=0.5.");
    }
    Map<String, String> replaced = new HashMap<>();
    for (int i = 0; i < blocks.size(); i++) {
      boolean stays =
          kept > 0 && (long) (i + 1) * kept / blocks.size() > (long) i * kept / blocks.size();
      if (!stays) {
        replaced.put(blocks.get(i).add().output(0), blocks.get(i).skip());
      }
    }
    List<Node> nodes = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      if (replaced.containsKey(node.output(0))) {
        continue;
      }
      List<String> inputs = new ArrayList<>();
      node.inputs().forEach(input -> inputs.add(followed(input, replaced)));
      nodes.add(node.withInputs(inputs));
    }
    Graph graph = model.graph().withNodes(nodes).withValueInfos(List.of());
    OnnxModel shallow = new RemoveDead().apply(model.withGraph(graph), context).model();
    try {
      context.shapes(shallow);
    } catch (InvalidModelException e) {
      throw new UnsupportedModelException(
          "The teacher's residual blocks cannot be left out: " + e.getMessage(), e);
    }
    return shallow;
  }

  private static String followed(String value, Map<String, String> replaced) {
    String at = value;
    while (replaced.containsKey(at)) {
      at = replaced.getOrDefault(at, at);
    }
    return at;
  }

  private static List<Block> blocks(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    List<Block> blocks = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      if (!node.is("Add") || index.isOutput(node.output(0))) {
        continue;
      }
      for (int side = 0; side < 2; side++) {
        String skip = node.input(side);
        String branch = node.input(1 - side);
        if (index.constant(skip).isEmpty()
            && computes(branch, skip, index)
            && context
                .shapes(model)
                .dims(skip)
                .equals(context.shapes(model).dims(node.output(0)))) {
          blocks.add(new Block(node, skip));
          break;
        }
      }
    }
    return blocks;
  }

  /** Whether a value is computed of another one, constants aside, and of nothing else. */
  private static boolean computes(String branch, String from, GraphIndex index) {
    Set<String> seen = new HashSet<>();
    List<String> open = new ArrayList<>(List.of(branch));
    boolean weighted = false;
    while (!open.isEmpty()) {
      String value = open.remove(open.size() - 1);
      if (value.isEmpty() || value.equals(from) || !seen.add(value)) {
        continue;
      }
      if (index.constant(value).isPresent()) {
        weighted = true;
        continue;
      }
      Optional<Node> producer = index.producer(value);
      if (producer.isEmpty()) {
        return false;
      }
      open.addAll(producer.get().inputs());
    }
    return weighted && seen.size() > 1;
  }
}
