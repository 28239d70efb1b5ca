package dev.compress.quantize;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Change;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a float weight can be stored in 8 bits as {@code Mul(Cast(codes), scales)}. ONNX Runtime
 * folds both when it loads the model (it would not fold a DequantizeLinear), so the arithmetic and
 * its speed stay those of the float model while the file is a quarter of the size.
 *
 * @param weight the initializer
 * @param rows how many slices, along the leading axes, have a scale of their own; or columns if
 *     {@code byColumn}
 * @param byColumn whether the scales run along the last axis instead of the leading ones
 * @param scaleShape the scales' shape, which broadcasts against the weight's
 */
record StoredWeights(Initializer weight, long rows, boolean byColumn, Shape scaleShape) {
  static final long MIN_ELEMENTS = 1024;

  /** Shorter rows would spend as much on scales as they save. */
  private static final long MIN_ROW = 8;

  /**
   * Matches an initializer by its readers.
   *
   * @return how to store it, or empty if it is small, not float, or read by something else
   */
  static Optional<StoredWeights> match(Initializer initializer, GraphIndex index) {
    Tensor tensor = initializer.tensor();
    ElementType type = tensor.type();
    List<Use> uses = index.uses(initializer.name());
    if ((!type.equals(ElementType.FLOAT) && !type.equals(ElementType.FLOAT16))
        || tensor.elementCount() < MIN_ELEMENTS
        || uses.isEmpty()
        || index.isInput(initializer.name())
        || index.isOutput(initializer.name())) {
      return Optional.empty();
    }
    StoredWeights first = null;
    for (Use use : uses) {
      Optional<StoredWeights> layout = layout(initializer, use, index);
      if (layout.isEmpty() || (first != null && !first.equals(layout.get()))) {
        return Optional.empty();
      }
      first = layout.get();
    }
    return Optional.ofNullable(first);
  }

  /** How one reader wants a weight to be stored; empty if it cannot be for that one. */
  static Optional<StoredWeights> layout(Initializer initializer, Use use, GraphIndex index) {
    Node node = use.node();
    Shape shape = initializer.tensor().shape();
    int rank = shape.rank();
    if (!node.domain().isEmpty() || use.inputIndex() < 0) {
      return Optional.empty();
    }
    return switch (node.opType()) {
      case "Conv", "ConvTranspose" ->
          use.inputIndex() == 1 ? byRow(initializer, 1) : Optional.empty();
      case "MatMul" ->
          rank != 2
              ? byRow(initializer, Math.max(0, rank - 1))
              : use.inputIndex() == 1 ? byColumn(initializer) : byRow(initializer, 1);
      case "Gemm" -> {
        boolean transposed =
            use.inputIndex() == 1
                ? node.intAttribute("transB", 0) != 0
                : node.intAttribute("transA", 0) == 0;
        yield use.inputIndex() > 1
            ? Optional.empty()
            : transposed ? byRow(initializer, 1) : byColumn(initializer);
      }
      case "LSTM", "GRU", "RNN" ->
          use.inputIndex() == 1 || use.inputIndex() == 2 ? byRow(initializer, 2) : Optional.empty();
      case "Transpose" ->
          rank == 2 && givesColumns(node, index) ? byRow(initializer, 1) : Optional.empty();
      case "Gather" ->
          use.inputIndex() == 0 && rank == 2 ? byRow(initializer, 1) : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** Whether rows turn into the columns that a matrix product wants scales by. */
  private static boolean givesColumns(Node transpose, GraphIndex index) {
    String turned = transpose.output(0);
    return transpose.intsAttribute("perm").orElse(List.of(1L, 0L)).equals(List.of(1L, 0L))
        && !index.isOutput(turned)
        && index.uses(turned).stream().allMatch(u -> u.node().is("MatMul") && u.inputIndex() == 1);
  }

  /** The nodes that read a weight, those behind a Transpose of it included. */
  static Stream<Node> readers(String weight, GraphIndex index) {
    return index.uses(weight).stream()
        .map(Use::node)
        .flatMap(
            n ->
                n.is("Transpose")
                    ? Stream.concat(Stream.of(n), readers(n.output(0), index))
                    : Stream.of(n));
  }

  /** One scale for each index of the first {@code leading} axes. */
  private static Optional<StoredWeights> byRow(Initializer weight, int leading) {
    long[] dims = weight.tensor().shape().toArray();
    long rows = 1;
    for (int axis = 0; axis < dims.length; axis++) {
      if (axis < leading) {
        rows *= dims[axis];
      } else {
        dims[axis] = 1;
      }
    }
    // Depthwise kernels are short, but one scale for all of their channels would ruin them.
    if (weight.tensor().elementCount() / rows < MIN_ROW) {
      java.util.Arrays.fill(dims, 1);
      rows = 1;
    }
    return Optional.of(new StoredWeights(weight, rows, false, Shape.of(dims)));
  }

  private static Optional<StoredWeights> byColumn(Initializer weight) {
    if (weight.tensor().shape().dim(0) < MIN_ROW) {
      return byRow(weight, 0);
    }
    long[] dims = weight.tensor().shape().toArray();
    dims[0] = 1;
    return Optional.of(new StoredWeights(weight, dims[1], true, Shape.of(dims)));
  }

  /**
   * Writes the stored form; every reader reads it instead of the float weight.
   *
   * @param editor of the graph, or subgraph, that holds the weight
   * @param codes int8 codes in the weight's shape
   * @param scales one a row or column
   */
  void emit(GraphEditor editor, Tensor codes, float[] scales) {
    String name = weight.name();
    ElementType type = weight.tensor().type();
    float[] different = WeightScales.withoutRepetition(scales);
    double[] values = new double[different.length];
    for (int i = 0; i < different.length; i++) {
      values[i] = different[i];
    }
    long[] ones = new long[scaleShape.rank()];
    java.util.Arrays.fill(ones, 1);
    Shape shape = different.length == 1 ? Shape.of(ones) : scaleShape;
    String q = editor.addInitializer(name + "_q", codes);
    String scale =
        editor.addInitializer(
            name + "_s", Tensor.ofBytes(type, shape, FloatCodec.encode(type, values)));
    String cast = editor.freshName(name + "_c");
    String value = editor.freshName(name + "_d");
    editor.replaceUses(name, value);
    editor.add(Node.of("Cast", cast, List.of(q), List.of(cast), Attribute.of("to", type.code())));
    editor.add(Node.of("Mul", value, List.of(cast, scale), List.of(value)));
    editor.removeInitializer(name);
  }

  /**
   * Stores all float weights of a graph that can be: 8 bits in the file, float in memory.
   *
   * @param map what becomes of codes
   * @param changes receives what was done
   * @return the graph; the same one if there is none
   */
  static Graph storeAll(
      Graph graph, NodeFilter filter, CodeMap map, PassContext context, List<Change> changes) {
    GraphIndex index = new GraphIndex(graph);
    GraphEditor editor = new GraphEditor(graph);
    for (Initializer initializer : graph.initializers()) {
      Optional<StoredWeights> stored = match(initializer, index);
      if (stored.isEmpty() || !readers(initializer.name(), index).allMatch(filter)) {
        continue;
      }
      context.progress().check();
      WeightCodes codes = WeightCodes.of(stored.get(), map, context);
      stored.get().emit(editor, codes.codes(), codes.scales());
      Node reader = index.uses(initializer.name()).get(0).node();
      changes.add(Change.of(reader, "weight " + initializer.name() + " stored in 8 bits"));
    }
    new SubgraphWeights(filter, map, context).store(graph, editor, changes);
    return editor.build();
  }
}
