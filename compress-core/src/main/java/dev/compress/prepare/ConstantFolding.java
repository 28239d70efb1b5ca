package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.prepare.ConstantGroups.Group;
import dev.compress.runtime.ConstantEvaluator;
import dev.compress.runtime.ConstantEvaluator.Evaluation;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Computes groups of constant nodes and puts the results in their place. */
final class ConstantFolding {
  /** Groups that read less are computed together, in one session. */
  private static final long SMALL_BYTES = 1 << 20;

  /** What a node or initializer costs in a file beside its names: tags, lengths, dims. */
  private static final int MESSAGE_BYTES = 12;

  private final OnnxModel model;
  private final GraphIndex index;
  private final long growthBytes;
  private final PassContext context;
  private final GraphEditor editor;
  private final List<Change> changes = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();

  ConstantFolding(OnnxModel model, long growthBytes, PassContext context) {
    this.model = model;
    this.index = new GraphIndex(model.graph());
    this.growthBytes = growthBytes;
    this.context = context;
    this.editor = new GraphEditor(model.graph());
  }

  List<Change> changes() {
    return changes;
  }

  List<Skipped> skipped() {
    return skipped;
  }

  Graph fold(List<Group> groups) {
    List<Group> together = new ArrayList<>();
    for (Group group : groups) {
      Optional<String> output = group.results().stream().filter(index::isOutput).findFirst();
      if (output.isPresent()) {
        skip(group, "it makes a graph output", output.get());
      } else if (group.leafBytes() < SMALL_BYTES) {
        together.add(group);
      } else {
        foldTogether(List.of(group));
      }
    }
    if (!together.isEmpty()) {
      foldTogether(together);
    }
    return editor.build();
  }

  private void skip(Group group, String reason, String detail) {
    skipped.add(Skipped.of(group.nodes().get(group.nodes().size() - 1), reason, detail));
  }

  private void skipTooLarge(Group group, long allowance) {
    skip(group, "folded it would take more bytes than that saves", "saves " + allowance + " bytes");
  }

  /** The bytes in the file that folding a group saves, and may therefore cost. */
  private long allowance(Group group) {
    long before = group.nodes().stream().mapToLong(ConstantFolding::bytesOf).sum();
    for (Map.Entry<String, Tensor> leaf : group.leaves().entrySet()) {
      if (isFreed(leaf.getKey(), group)) {
        before += leaf.getValue().byteSize() + leaf.getKey().length() + MESSAGE_BYTES;
      }
    }
    for (String result : group.results()) {
      before -= result.length() + MESSAGE_BYTES;
    }
    return Math.max(0, before) + growthBytes;
  }

  private static long bytesOf(Node node) {
    long bytes = node.name().length() + node.opType().length() + 6L;
    for (String input : node.inputs()) {
      bytes += input.length() + 2;
    }
    for (String output : node.outputs()) {
      bytes += output.length() + 2;
    }
    for (Attribute attribute : node.attributes()) {
      bytes += attribute.name().length() + 6L;
      if (attribute.value() instanceof AttributeValue.IntsValue ints) {
        bytes += 2L * ints.values().size();
      } else if (attribute.value() instanceof AttributeValue.TensorValue tensor) {
        bytes += tensor.value().tensor().byteSize() + MESSAGE_BYTES;
      } else {
        bytes += 4;
      }
    }
    return bytes;
  }

  /** Whether nobody but the group reads a constant. */
  private boolean isFreed(String leaf, Group group) {
    return !index.isOutput(leaf)
        && !index.isInput(leaf)
        && index.uses(leaf).stream()
            .allMatch(
                u -> u.inputIndex() >= 0 && group.nodes().stream().anyMatch(n -> n == u.node()));
  }

  /** Computes groups in one session, and puts in place what does not grow. */
  private void foldTogether(List<Group> groups) {
    context.progress().check();
    Map<String, Tensor> constants = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    List<String> wanted = new ArrayList<>();
    long limit = 0;
    for (Group group : groups) {
      constants.putAll(group.leaves());
      constants.putAll(group.shapes());
      group.nodes().stream()
          .filter(n -> !group.shapes().containsKey(n.output(0)))
          .forEach(nodes::add);
      group.results().stream().filter(r -> !group.shapes().containsKey(r)).forEach(wanted::add);
      limit = Math.max(limit, allowance(group));
    }
    Evaluation evaluation =
        ConstantEvaluator.evaluate(model, nodes, constants, wanted, context.scratch(), limit);
    groups.forEach(group -> put(group, evaluation));
    context.progress().advance(groups.size());
  }

  private void put(Group group, Evaluation evaluation) {
    long allowance = allowance(group);
    Map<String, Tensor> values = new LinkedHashMap<>();
    long bytes = 0;
    for (String result : group.results()) {
      Tensor value = group.shapes().getOrDefault(result, evaluation.values().get(result));
      if (value == null) {
        String why = evaluation.leftOut().getOrDefault(result, "");
        if (why.contains(" over ")) {
          skipTooLarge(group, allowance);
        } else {
          // What the runtime says of it names the node, and would be another reason each time.
          int colon = why.indexOf(": ");
          skip(
              group,
              colon < 0 ? why : why.substring(0, colon),
              colon < 0 ? "" : why.substring(colon + 2));
        }
        return;
      }
      values.put(result, value);
      bytes += value.byteSize();
    }
    if (bytes > allowance) {
      skipTooLarge(group, allowance);
      return;
    }
    for (Node node : group.nodes()) {
      editor.remove(node);
      changes.add(Change.of(node, "computed: it depends on constants only"));
    }
    values.forEach((name, value) -> editor.addInitializer(Initializer.of(name, value)));
    for (String leaf : group.leaves().keySet()) {
      if (index.initializer(leaf).isPresent() && isFreed(leaf, group)) {
        editor.removeInitializer(leaf);
      }
    }
  }
}
