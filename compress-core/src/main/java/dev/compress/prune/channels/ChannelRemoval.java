package dev.compress.prune.channels;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Removes units from a graph: slices every initializer that has them, and mends what says how many
 * there are (groups, sizes of Split, bounds of Slice, indices of Gather, target shapes, hidden
 * sizes, declared types).
 */
final class ChannelRemoval {
  private final Graph graph;
  private final DependencyGroups groups;
  private final Set<Integer> removed;
  private final long opset;
  private final Scratch scratch;
  private final GraphEditor editor;
  private final Map<String, long[]> written = new HashMap<>();

  private ChannelRemoval(
      Graph graph, DependencyGroups groups, Set<Integer> removed, long opset, Scratch scratch) {
    this.graph = graph;
    this.groups = groups;
    this.removed = removed;
    this.opset = opset;
    this.scratch = scratch;
    this.editor = new GraphEditor(graph);
  }

  /**
   * The graph without some units.
   *
   * @param graph the one that the groups were found on
   * @param groups its dependency groups
   * @param removed units that are not pinned, and never all of an axis
   * @param opset the graph's operator set
   * @param scratch where new weights go
   */
  static Graph remove(
      Graph graph, DependencyGroups groups, Set<Integer> removed, long opset, Scratch scratch) {
    if (removed.isEmpty()) {
      return graph;
    }
    return new ChannelRemoval(graph, groups, removed, opset, scratch).remove();
  }

  private Graph remove() {
    for (Initializer initializer : graph.initializers()) {
      int[][] axes = groups.values().get(initializer.name());
      if (axes != null && axes.length > 0) {
        List<Optional<BitSet>> left =
            Arrays.stream(axes).map(a -> groups.left(a, removed)).toList();
        if (left.stream().anyMatch(Optional::isPresent)) {
          editor.setInitializer(
              initializer.name(), TensorSlice.of(initializer.tensor(), left, scratch));
        }
      }
    }
    for (Node node : graph.nodes()) {
      if (node.domain().isEmpty()) {
        mend(node);
      }
    }
    editor.removeDead();
    Graph built = editor.build();
    return built.withValueInfos(built.valueInfos().stream().map(this::declared).toList());
  }

  private void mend(Node node) {
    switch (node.opType()) {
      case "Conv" -> group(node, node.input(0));
      case "ConvTranspose" -> group(node, node.output(0));
      case "Split" -> split(node);
      case "Slice" -> slice(node);
      case "Gather" -> gather(node);
      case "Reshape" -> reshape(node);
      case "Expand" -> sizes(node, 1);
      case "Resize" -> sizes(node, 3);
      case "LSTM", "GRU", "RNN" -> hiddenSize(node);
      default -> {}
    }
  }

  private int[][] axes(String value) {
    return groups.values().getOrDefault(value, new int[0][]);
  }

  private Optional<BitSet> left(String value, int axis) {
    return groups.left(axes(value)[axis], removed);
  }

  private int count(String value, int axis) {
    return left(value, axis)
        .map(BitSet::cardinality)
        .orElseGet(() -> (int) groups.coupling().size(value, axis));
  }

  private void group(Node node, String channels) {
    if (node.intAttribute("group", 1) > 1 && left(channels, 1).isPresent()) {
      long group = count(channels, 1) / count(node.input(1), 1);
      editor.replace(node, node.withAttribute(Attribute.of("group", group)));
    }
  }

  private void split(Node node) {
    int rank = axes(node.input(0)).length;
    int axis = axis(node.intAttribute("axis", 0), rank);
    if (rank == 0 || left(node.input(0), axis).isEmpty()) {
      return;
    }
    long[] sizes = node.outputs().stream().mapToLong(o -> count(o, axis)).toArray();
    Node changed =
        opset < 13
            ? node.withAttribute(Attribute.of("split", sizes))
            : node.withoutAttribute("num_outputs").withInput(1, constant(node, "split", sizes));
    editor.replace(node, changed);
  }

  private static int axis(long axis, int rank) {
    return (int) (axis < 0 ? axis + rank : axis);
  }

  private String constant(Node node, String what, long[] values) {
    return editor.addInitializer(
        node.output(0) + "_" + what, Tensor.ofLongs(Shape.of(values.length), values));
  }

  private void slice(Node node) {
    int[][] axes = axes(node.input(0));
    Optional<SliceBounds> bounds = SliceBounds.of(node, groups.coupling(), axes.length);
    if (bounds.isEmpty()) {
      return;
    }
    long[] starts = bounds.get().starts().clone();
    long[] ends = bounds.get().ends().clone();
    boolean changed = false;
    for (int i = 0; i < axes.length; i++) {
      Optional<BitSet> left = left(node.input(0), i);
      if (left.isPresent() && bounds.get().touches(i)) {
        int entry = bounds.get().entry(i);
        long[] cut = bounds.get().indices(i, axes[i].length).toArray();
        int first = cut.length == 0 ? 0 : left.get().get(0, (int) cut[0]).cardinality();
        starts[entry] = first;
        ends[entry] = first + Arrays.stream(cut).filter(p -> left.get().get((int) p)).count();
        changed = true;
      }
    }
    if (changed && node.attribute("starts").isPresent()) {
      editor.replace(
          node,
          node.withAttribute(Attribute.of("starts", starts))
              .withAttribute(Attribute.of("ends", ends)));
    } else if (changed) {
      Node mended =
          node.withInput(1, like(node.input(1), starts)).withInput(2, like(node.input(2), ends));
      editor.replace(node, mended);
    }
  }

  /** New integers in the type of old ones. */
  private String like(String old, long[] values) {
    Tensor was = groups.coupling().index().constant(old).orElseThrow();
    Shape shape = Shape.of(values.length);
    Tensor tensor =
        was.type().equals(ElementType.INT32)
            ? Tensor.ofInts(shape, Arrays.stream(values).mapToInt(Math::toIntExact).toArray())
            : Tensor.ofLongs(shape, values);
    return editor.addInitializer(old + "_pruned", tensor);
  }

  private void gather(Node node) {
    int[][] axes = axes(node.input(0));
    int along = axes.length == 0 ? 0 : axis(node.intAttribute("axis", 0), axes.length);
    if (axes.length == 0 || left(node.input(0), along).isEmpty()) {
      return;
    }
    BitSet left = left(node.input(0), along).orElseThrow();
    long[] indices =
        Arrays.stream(groups.coupling().integers(node.input(1)).orElseThrow())
            .map(i -> axis(i, axes[along].length))
            .filter(i -> left.get((int) i))
            .map(i -> left.get(0, (int) i).cardinality())
            .toArray();
    editor.replace(node, node.withInput(1, like(node.input(1), indices)));
  }

  private void sizes(Node node, int input) {
    Optional<long[]> sizes = groups.coupling().integers(node.input(input));
    if (!node.hasInput(input) || sizes.isEmpty()) {
      return;
    }
    long[] changed = sizes.get().clone();
    int rank = axes(node.output(0)).length;
    for (int i = 0; i < rank; i++) {
      int entry = i - (rank - changed.length);
      if (entry >= 0 && changed[entry] > 1 && left(node.output(0), i).isPresent()) {
        changed[entry] = count(node.output(0), i);
      }
    }
    if (!Arrays.equals(changed, sizes.get())) {
      editor.replace(node, node.withInput(input, like(node.input(input), changed)));
    }
  }

  private void reshape(Node node) {
    int[][] y = axes(node.output(0));
    TargetShape target = TargetShape.of(node.input(1), groups.coupling().index());
    Optional<Node> concat = groups.coupling().index().producer(node.input(1), "Concat");
    Node joined = concat.orElse(node);
    boolean changed = false;
    String whole = node.input(1);
    for (int i = 0; i < y.length; i++) {
      if (left(node.output(0), i).isEmpty() || target.entries().get(i).value() <= 0) {
        continue;
      }
      TargetShape.Entry entry = target.entries().get(i);
      String old = entry.input() < 0 ? whole : joined.input(entry.input());
      String with = withEntry(old, entry.at(), count(node.output(0), i));
      if (entry.input() < 0) {
        whole = with;
      } else {
        joined = joined.withInput(entry.input(), with);
      }
      changed = true;
    }
    if (changed && concat.isPresent() && joined != concat.get()) {
      String name = editor.freshName(node.input(1) + "_pruned");
      Attribute[] attributes = joined.attributes().toArray(new Attribute[0]);
      editor.add(Node.of("Concat", name, joined.inputs(), List.of(name), attributes));
      whole = name;
    }
    if (changed) {
      editor.replace(node, node.withInput(1, whole));
    }
  }

  private String withEntry(String old, int at, long value) {
    long[] known = written.get(old);
    long[] values = (known != null ? known : groups.coupling().integers(old).orElseThrow()).clone();
    values[at] = value;
    String name =
        editor.addInitializer(old + "_pruned", Tensor.ofLongs(Shape.of(values.length), values));
    written.put(name, values);
    return name;
  }

  private void hiddenSize(Node node) {
    if (axes(node.input(2)).length == 3 && left(node.input(2), 2).isPresent()) {
      long size = count(node.input(2), 2);
      editor.replace(node, node.withAttribute(Attribute.of("hidden_size", size)));
    }
  }

  private ValueInfo declared(ValueInfo info) {
    int[][] axes = axes(info.name());
    if (!(info.type() instanceof ValueType.TensorType type)
        || type.shape().map(List::size).orElse(-1) != axes.length) {
      return info;
    }
    List<Dim> dims = new ArrayList<>(type.shape().orElseThrow());
    for (int i = 0; i < axes.length; i++) {
      if (left(info.name(), i).isPresent()) {
        dims.set(i, Dim.of(count(info.name(), i)));
      }
    }
    ValueType changed =
        new ValueType.TensorType(
            type.element(), Optional.of(dims), type.denotation(), type.extras());
    return new ValueInfo(info.name(), changed, info.docString(), info.extras());
  }
}
