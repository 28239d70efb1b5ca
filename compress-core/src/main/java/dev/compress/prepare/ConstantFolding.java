package dev.compress.prepare;

import dev.compress.error.CompressionException;
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
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Computes groups of constant nodes and puts the results in their place. */
final class ConstantFolding {
  /** Groups that read less are computed together, in one session. */
  private static final long SMALL_BYTES = 1 << 20;

  /** Operators whose result may be of any size, whatever they read. */
  private static final Set<String> EXPANDING =
      Set.of(
          "ConstantOfShape",
          "Expand",
          "Tile",
          "EyeLike",
          "OneHot",
          "Range",
          "Resize",
          "Upsample",
          "Pad",
          "Gather",
          "MatMul",
          "Gemm",
          "Einsum");

  /** What a node or initializer costs in a file beside its names: tags, lengths, dims. */
  private static final int MESSAGE_BYTES = 12;

  private final OnnxModel model;
  private final GraphIndex index;
  private final ValueTypes types;
  private final long growthBytes;
  private final PassContext context;
  private final GraphEditor editor;
  private final List<Change> changes = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();

  ConstantFolding(OnnxModel model, ValueTypes types, long growthBytes, PassContext context) {
    this.model = model;
    this.index = new GraphIndex(model.graph());
    this.types = types;
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
      Optional<String> obstacle = obstacle(group);
      if (obstacle.isPresent()) {
        skip(group, obstacle.get());
      } else if (group.leafBytes() < SMALL_BYTES) {
        together.add(group);
      } else {
        foldAlone(group);
      }
    }
    foldTogether(together);
    return editor.build();
  }

  private void skip(Group group, String reason) {
    skipped.add(Skipped.of(group.nodes().get(group.nodes().size() - 1), reason));
  }

  /** Why a group is not even computed. */
  private Optional<String> obstacle(Group group) {
    for (String result : group.results()) {
      if (index.isOutput(result)) {
        return Optional.of("it makes the graph output " + result);
      }
    }
    boolean mayBeLarge =
        group.leafBytes() >= SMALL_BYTES
            || group.nodes().stream().anyMatch(n -> EXPANDING.contains(n.opType()));
    if (!mayBeLarge) {
      return Optional.empty();
    }
    long bytes = 0;
    for (String result : group.results()) {
      Optional<Shape> shape = types.shape(result);
      if (shape.isEmpty() || types.element(result).filter(e -> e.isFixedSize()).isEmpty()) {
        return group.leafBytes() < SMALL_BYTES && !unbounded(group)
            ? Optional.empty()
            : Optional.of("the size of " + result + " is not known in advance");
      }
      bytes += types.element(result).orElseThrow().byteSize(shape.get().elementCount());
    }
    return tooLarge(group, bytes);
  }

  private static boolean unbounded(Group group) {
    return group.nodes().stream().anyMatch(n -> EXPANDING.contains(n.opType()) && !n.is("Gather"));
  }

  private Optional<String> tooLarge(Group group, long resultBytes) {
    long before = group.nodes().stream().mapToLong(ConstantFolding::bytesOf).sum();
    for (Map.Entry<String, Tensor> leaf : group.leaves().entrySet()) {
      if (isFreed(leaf.getKey(), group)) {
        before += leaf.getValue().byteSize() + leaf.getKey().length() + MESSAGE_BYTES;
      }
    }
    long after = resultBytes;
    for (String result : group.results()) {
      after += result.length() + MESSAGE_BYTES;
    }
    return after > before + growthBytes
        ? Optional.of(
            "folded it would take " + after + " bytes in the file, as it is it takes " + before)
        : Optional.empty();
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

  private void foldTogether(List<Group> groups) {
    if (groups.isEmpty()) {
      return;
    }
    try {
      Map<String, Tensor> values = compute(groups);
      groups.forEach(group -> put(group, values));
    } catch (CompressionException e) {
      groups.forEach(this::foldAlone); // one of them cannot be computed: find out which
    }
    context.progress().advance(groups.size());
  }

  private void foldAlone(Group group) {
    context.progress().check();
    try {
      put(group, compute(List.of(group)));
    } catch (CompressionException e) {
      skip(group, "the runtime cannot compute it: " + e.getMessage());
    }
  }

  private Map<String, Tensor> compute(List<Group> groups) {
    Map<String, Tensor> known = new HashMap<>();
    Map<String, Tensor> leaves = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    List<String> wanted = new ArrayList<>();
    for (Group group : groups) {
      leaves.putAll(group.leaves());
      leaves.putAll(group.shapes());
      group.nodes().stream()
          .filter(n -> !group.shapes().containsKey(n.output(0)))
          .forEach(nodes::add);
      for (String result : group.results()) {
        Tensor shape = group.shapes().get(result);
        if (shape != null) {
          known.put(result, shape);
        } else {
          wanted.add(result);
        }
      }
    }
    if (!wanted.isEmpty()) {
      known.putAll(ConstantRun.of(model, nodes, leaves, wanted));
    }
    return known;
  }

  private void put(Group group, Map<String, Tensor> values) {
    long bytes = 0;
    for (String result : group.results()) {
      Tensor value = values.get(result);
      if (value == null) {
        skip(group, "the runtime makes no numbers of " + result);
        return;
      }
      bytes += value.byteSize();
    }
    Optional<String> obstacle = tooLarge(group, bytes);
    if (obstacle.isPresent()) {
      skip(group, obstacle.get());
      return;
    }
    for (Node node : group.nodes()) {
      editor.remove(node);
      changes.add(Change.of(node, "computed: it depends on constants only"));
    }
    for (String result : group.results()) {
      Tensor value = values.getOrDefault(result, Tensor.ofLongs(Shape.of(0)));
      editor.addInitializer(Initializer.of(result, stored(value)));
    }
    for (String leaf : group.leaves().keySet()) {
      if (index.initializer(leaf).isPresent() && isFreed(leaf, group)) {
        editor.removeInitializer(leaf);
      }
    }
  }

  private Tensor stored(Tensor value) {
    return value.byteSize() < SMALL_BYTES
        ? value
        : context.scratch().store(value.type(), value.shape(), value.data().toByteArray());
  }
}
