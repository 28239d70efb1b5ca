package dev.compress.prune.channels;

import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Node;
import dev.compress.prune.channels.Coupling.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** How operators that move, join, cut or reduce axes couple channels. */
final class LayoutRules {
  private static final String UNKNOWN_RANK = "the rank of its input is unknown";

  private static final Set<String> NEED_AXES =
      Set.of("Split", "Softmax", "LogSoftmax", "Hardmax", "LayerNormalization", "Gather");

  private LayoutRules() {}

  /** Applies to a node; false if it is none of these. */
  static boolean apply(Node node, Coupling coupling, long opset) {
    if (node.opType().equals("Concat")) {
      concat(node, coupling);
      return true;
    }
    if (NEED_AXES.contains(node.opType()) && coupling.of(node.input(0)).length == 0) {
      coupling.opaque(node, UNKNOWN_RANK);
      return true;
    }
    switch (node.opType()) {
      case "Split" -> split(node, coupling);
      case "Slice" -> slice(node, coupling);
      case "Gather" -> gather(node, coupling);
      case "Transpose" -> transpose(node, coupling);
      case "Pad" -> pad(node, coupling);
      case "Resize", "Upsample" -> resize(node, coupling);
      case "DepthToSpace" -> depthToSpace(node, coupling);
      case "Softmax", "LogSoftmax", "Hardmax" -> softmax(node, coupling, opset);
      case "LayerNormalization" -> layerNormalization(node, coupling);
      case "ReduceMean",
          "ReduceSum",
          "ReduceMax",
          "ReduceMin",
          "ReduceL1",
          "ReduceL2",
          "ReduceSumSquare",
          "ReduceProd",
          "ReduceLogSum",
          "ReduceLogSumExp",
          "ArgMax",
          "ArgMin" ->
          reduce(node, coupling);
      case "Shape" -> shape(node, coupling);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static int axis(long axis, int rank) {
    return (int) (axis < 0 ? axis + rank : axis);
  }

  private static void concat(Node node, Coupling coupling) {
    if (!node.inputs().stream().allMatch(coupling::isRanked)) {
      coupling.opaque(node, UNKNOWN_RANK);
      return;
    }
    int[][] first = coupling.of(node.input(0));
    int along = axis(node.intAttribute("axis", 1), first.length);
    int[][] result = first.clone();
    boolean known =
        node.inputs().stream().allMatch(i -> coupling.size(i, along) >= 0)
            && node.inputs().stream().anyMatch(i -> coupling.of(i)[along].length > 0);
    IntStream.Builder joined = IntStream.builder();
    for (String input : node.inputs()) {
      int[][] axes = coupling.of(input);
      for (int i = 0; i < axes.length; i++) {
        if (i != along && axes[i] != first[i]) {
          coupling.couple(first[i], axes[i], node);
          result[i] = axes[i].length == 0 ? Coupling.FIXED : result[i];
        }
      }
      if (!known) {
        coupling.pin(axes[along], node, "it joins them with others whose number is unknown");
        continue;
      }
      int[] part = axes[along];
      if (part.length == 0) {
        part = coupling.atoms().fresh((int) coupling.size(input, along));
        coupling.pin(part, node, "it joins them with others that cannot be removed");
      }
      coupling.use(input, along, Role.FOLLOWER, node);
      IntStream.of(part).forEach(joined::add);
    }
    result[along] = known ? joined.build().toArray() : Coupling.FIXED;
    coupling.set(node.output(0), result);
  }

  private static void split(Node node, Coupling coupling) {
    int[][] axes = coupling.of(node.input(0));
    int along = axis(node.intAttribute("axis", 0), axes.length);
    Optional<long[]> sizes = splitSizes(node, coupling, axes[along].length);
    if (axes[along].length > 0 && sizes.isEmpty()) {
      coupling.opaque(node, "the sizes of its parts are computed");
      return;
    }
    int from = 0;
    for (int i = 0; i < node.outputs().size(); i++) {
      int[][] part = axes.clone();
      if (axes[along].length > 0) {
        int size = (int) sizes.orElseThrow()[i];
        part[along] = java.util.Arrays.copyOfRange(axes[along], from, from + size);
        from += size;
      }
      coupling.set(node.output(i), part);
    }
  }

  private static Optional<long[]> splitSizes(Node node, Coupling coupling, int length) {
    Optional<long[]> sizes;
    if (node.hasInput(1)) {
      sizes = coupling.integers(node.input(1));
    } else if (node.intsAttribute("split").isPresent()) {
      sizes = node.intsAttribute("split").map(s -> s.stream().mapToLong(Long::longValue).toArray());
    } else {
      int parts = node.outputs().size();
      int each = (length + parts - 1) / parts;
      long[] even = new long[parts];
      for (int i = 0; i < parts; i++) {
        even[i] = Math.max(0, Math.min(each, length - (long) i * each));
      }
      sizes = Optional.of(even);
    }
    return sizes.filter(
        s -> s.length == node.outputs().size() && java.util.Arrays.stream(s).sum() == length);
  }

  private static void slice(Node node, Coupling coupling) {
    int[][] axes = coupling.of(node.input(0));
    Optional<SliceBounds> bounds = SliceBounds.of(node, coupling, axes.length);
    if (bounds.isEmpty()) {
      coupling.opaque(node, "where it cuts is computed");
      return;
    }
    int[][] result = axes.clone();
    for (int i = 0; i < axes.length; i++) {
      if (axes[i].length > 0 && bounds.get().touches(i)) {
        result[i] = bounds.get().cut(i, axes[i]);
        if (bounds.get().steps()[bounds.get().entry(i)] != 1) {
          coupling.pin(axes[i], node, "it picks every n-th of them");
        }
      }
    }
    coupling.set(node.output(0), result);
  }

  private static void gather(Node node, Coupling coupling) {
    int[][] axes = coupling.of(node.input(0));
    if (!coupling.isRanked(node.input(1))) {
      coupling.opaque(node, UNKNOWN_RANK);
      return;
    }
    int along = axis(node.intAttribute("axis", 0), axes.length);
    int rank =
        coupling.index().constant(node.input(1)).isPresent()
            ? coupling.index().constant(node.input(1)).get().shape().rank()
            : coupling.shapes().rank(node.input(1)).orElse(0);
    List<int[]> result = new ArrayList<>(List.of(axes).subList(0, along));
    for (int i = 0; i < rank; i++) {
      result.add(Coupling.FIXED);
    }
    result.addAll(List.of(axes).subList(along + 1, axes.length));
    Optional<long[]> indices = coupling.integers(node.input(1));
    boolean chosen = rank == 1 && indices.isPresent() && axes[along].length > 0;
    if (chosen) {
      int[] all = axes[along];
      result.set(
          along,
          java.util.Arrays.stream(indices.orElseThrow())
              .mapToInt(i -> all[axis(i, all.length)])
              .toArray());
    } else {
      coupling.pin(axes[along], node, "it picks channels by number");
    }
    for (int i = 0; i < axes.length; i++) {
      coupling.use(node.input(0), i, i == along ? Role.FOLLOWER : Role.OUTPUT, node);
    }
    coupling.set(node.output(0), result.toArray(new int[0][]));
  }

  private static void transpose(Node node, Coupling coupling) {
    int[][] axes = coupling.of(node.input(0));
    List<Long> order = node.intsAttribute("perm").orElse(List.of());
    int[][] result = new int[axes.length][];
    for (int i = 0; i < axes.length; i++) {
      result[i] = axes[order.isEmpty() ? axes.length - 1 - i : axis(order.get(i), axes.length)];
    }
    coupling.set(node.output(0), result);
  }

  private static void pad(Node node, Coupling coupling) {
    int[][] axes = coupling.of(node.input(0));
    Optional<long[]> pads =
        node.hasInput(1)
            ? coupling.integers(node.input(1))
            : node.intsAttribute("pads").map(p -> p.stream().mapToLong(Long::longValue).toArray());
    if (pads.isEmpty() || pads.get().length != 2 * axes.length || node.hasInput(3)) {
      coupling.opaque(node, "how much it pads, or where, is computed");
      return;
    }
    int[][] result = axes.clone();
    for (int i = 0; i < axes.length; i++) {
      if (pads.get()[i] != 0 || pads.get()[axes.length + i] != 0) {
        coupling.pin(axes[i], node, "it pads along that axis");
        result[i] = Coupling.FIXED;
      }
    }
    coupling.set(node.output(0), result);
  }

  private static void resize(Node node, Coupling coupling) {
    int[][] x = coupling.of(node.input(0));
    int[][] result = Coupling.fixed(x.length);
    boolean sizes = node.hasInput(3);
    boolean known = !sizes || coupling.integers(node.input(3)).isPresent();
    boolean plain =
        node.attribute("axes").isEmpty()
            && !node.stringAttribute("coordinate_transformation_mode", "")
                .equals("tf_crop_and_resize");
    for (int i = 0; i < x.length; i++) {
      long size =
          coupling.shapes().dims(node.output(0)).map(List::size).orElse(0) == x.length
              ? coupling.shapes().dims(node.output(0)).orElseThrow().get(i).sizeOrUnknown()
              : -1;
      if (x[i].length > 0 && size == x[i].length && known && plain && i < 2) {
        result[i] = x[i];
      } else {
        coupling.pin(x[i], node, "it resizes along that axis, or its sizes are computed");
      }
    }
    coupling.set(node.output(0), result);
  }

  private static void depthToSpace(Node node, Coupling coupling) {
    int[][] x = coupling.of(node.input(0));
    int block = Math.toIntExact(node.intAttribute("blocksize", 1));
    if (x.length != 4 || x[1].length == 0) {
      coupling.opaque(node, UNKNOWN_RANK);
      return;
    }
    int made = x[1].length / (block * block);
    boolean rows = node.stringAttribute("mode", "DCR").equals("CRD");
    int[] out = new int[made];
    for (int i = 0; i < x[1].length; i++) {
      int channel = rows ? i / (block * block) : i % made;
      int first = rows ? channel * block * block : channel;
      coupling.atoms().unite(x[1][i], x[1][first]);
      out[channel] = x[1][first];
    }
    if (made < 2) {
      coupling.pin(x[1], node, "it makes one channel of them");
    }
    coupling.pin(x[2], node, "it moves channels there");
    coupling.pin(x[3], node, "it moves channels there");
    coupling.set(
        node.output(0),
        new int[][] {x[0], made < 2 ? Coupling.FIXED : out, Coupling.FIXED, Coupling.FIXED});
  }

  private static void softmax(Node node, Coupling coupling, long opset) {
    int[][] x = coupling.of(node.input(0));
    int along = axis(node.intAttribute("axis", opset < 13 ? 1 : -1), x.length);
    int[][] result = x.clone();
    for (int i = along; i < (opset < 13 ? x.length : Math.min(x.length, along + 1)); i++) {
      coupling.pin(x[i], node, "it divides by the sum over that axis");
      result[i] = Coupling.FIXED;
    }
    coupling.set(node.output(0), result);
  }

  private static void layerNormalization(Node node, Coupling coupling) {
    int[][] x = coupling.of(node.input(0));
    if (node.hasOutput(1) || node.hasOutput(2)) {
      coupling.opaque(node, "its mean or deviation is read");
      return;
    }
    int[][] result = x.clone();
    for (int i = axis(node.intAttribute("axis", -1), x.length); i < x.length; i++) {
      coupling.pin(x[i], node, "it normalises over that axis");
      result[i] = Coupling.FIXED;
    }
    for (int i = 1; i < node.inputs().size(); i++) {
      coupling.pinAll(node.input(i), node, "it normalises over that axis");
    }
    coupling.set(node.output(0), result);
  }

  private static void reduce(Node node, Coupling coupling) {
    int[][] x = coupling.of(node.input(0));
    boolean arg = node.opType().startsWith("Arg");
    Optional<long[]> axes;
    if (arg) {
      axes = Optional.of(new long[] {node.intAttribute("axis", 0)});
    } else if (node.hasInput(1)) {
      axes = coupling.integers(node.input(1));
    } else {
      axes =
          Optional.of(
              node.intsAttribute("axes").orElse(List.of()).stream()
                  .mapToLong(Long::longValue)
                  .toArray());
    }
    if (x.length == 0 || axes.isEmpty()) {
      coupling.opaque(node, x.length == 0 ? UNKNOWN_RANK : "its axes are computed");
      return;
    }
    boolean none = axes.get().length == 0 && node.intAttribute("noop_with_empty_axes", 0) != 0;
    boolean[] reduced = new boolean[x.length];
    java.util.Arrays.fill(reduced, axes.get().length == 0 && !none);
    for (long a : axes.get()) {
      reduced[axis(a, x.length)] = true;
    }
    boolean keep = node.intAttribute("keepdims", 1) != 0;
    List<int[]> result = new ArrayList<>();
    for (int i = 0; i < x.length; i++) {
      if (reduced[i]) {
        coupling.pin(x[i], node, "it reduces over that axis");
      }
      if (keep || !reduced[i]) {
        result.add(reduced[i] ? Coupling.FIXED : x[i]);
      }
    }
    coupling.set(node.output(0), result.toArray(new int[0][]));
  }

  /** A shape is harmless where only sizes are picked from it that stay. */
  private static void shape(Node node, Coupling coupling) {
    int[][] x = coupling.of(node.input(0));
    boolean cut = node.attribute("start").isPresent() || node.attribute("end").isPresent();
    for (int i = 0; i < x.length; i++) {
      int axis = i;
      boolean harmless =
          !cut
              && !coupling.index().isOutput(node.output(0))
              && coupling.index().uses(node.output(0)).stream()
                  .allMatch(u -> picksOther(u, axis, x.length, coupling));
      if (!harmless) {
        coupling.pin(x[i], node, "its size is computed with");
      }
    }
    coupling.set(node.output(0), Coupling.fixed(1));
  }

  private static boolean picksOther(Use use, int axis, int rank, Coupling coupling) {
    Node node = use.node();
    if (use.inputIndex() != 0) {
      return false;
    }
    if (node.is("Gather")) {
      return coupling
          .integers(node.input(1))
          .map(at -> java.util.Arrays.stream(at).allMatch(i -> axis(i, rank) != axis))
          .orElse(false);
    }
    return node.is("Slice")
        && SliceBounds.of(node, coupling, 1).map(b -> !b.contains(0, rank, axis)).orElse(false);
  }
}
