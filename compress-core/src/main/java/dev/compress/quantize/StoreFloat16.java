package dev.compress.quantize;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Stores float weights as float16 with a Cast, which ONNX Runtime folds at load: half the file at
 * the float model's speed. (On CPU, float16 arithmetic itself would be several times slower.)
 *
 * @param filter which nodes may be changed
 */
public record StoreFloat16(NodeFilter filter) implements CompressionPass {
  private static final long MIN_ELEMENTS = 128;
  private static final double LARGEST_HALF = 65504;
  private static final int PIECE = 1 << 18;

  /** Fewer elements save less than the Cast is worth. */
  private static final int MIN_EXACT = 1024;

  /** Their scales must stay constants that the runtime sees before it folds anything. */
  private static final Set<String> SCALED = Set.of("QuantizeLinear", "DequantizeLinear");

  @Override
  public String name() {
    return "store-float16";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    GraphIndex index = new GraphIndex(model.graph());
    return model.graph().initializers().stream().anyMatch(i -> isEligible(i, index))
        ? Optional.empty()
        : Optional.of(new NotApplicable("no float weight is large enough to be worth it"));
  }

  private boolean isEligible(Initializer initializer, GraphIndex index) {
    return initializer.tensor().type().equals(ElementType.FLOAT)
        && initializer.tensor().elementCount() >= MIN_ELEMENTS
        && !index.isInput(initializer.name())
        && !index.isOutput(initializer.name())
        && !index.uses(initializer.name()).isEmpty()
        && index.uses(initializer.name()).stream().allMatch(u -> filter.test(u.node()));
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    for (Initializer initializer : model.graph().initializers()) {
      if (!isEligible(initializer, index)) {
        continue;
      }
      context.progress().check();
      Node reader = index.uses(initializer.name()).get(0).node();
      Optional<Tensor> half = half(initializer.tensor(), context.scratch());
      if (half.isEmpty()) {
        skipped.add(
            Skipped.ofWeight(reader, initializer.name(), "has values beyond float16's 65504"));
        continue;
      }
      emit(editor, initializer, half.get());
      changes.add(Change.of(reader, "weight " + initializer.name() + " stored as float16"));
    }
    return PassResult.of(model.withGraph(editor.build()), changes, skipped);
  }

  private static void emit(GraphEditor editor, Initializer initializer, Tensor half) {
    String stored = editor.addInitializer(initializer.name() + "_h", half);
    String value = editor.freshName(initializer.name() + "_f");
    editor.replaceUses(initializer.name(), value);
    editor.add(
        Node.of(
            "Cast",
            value,
            List.of(stored),
            List.of(value),
            Attribute.of("to", ElementType.FLOAT.code())));
    editor.removeInitializer(initializer.name());
  }

  /**
   * Stores the large constants that float16 holds exactly, as those of a model have that was
   * float16: half the bytes, the same numbers.
   *
   * @param changes receives what was done
   * @return the graph; the same one if there is none
   */
  static Graph storeExact(Graph graph, NodeFilter filter, Scratch scratch, List<Change> changes) {
    GraphIndex index = new GraphIndex(graph);
    GraphEditor editor = new GraphEditor(graph);
    StoreFloat16 pass = new StoreFloat16(filter);
    for (Initializer initializer : graph.initializers()) {
      String name = initializer.name();
      if (initializer.tensor().elementCount() < MIN_EXACT
          || !pass.isEligible(initializer, index)
          || index.uses(name).stream().anyMatch(u -> SCALED.contains(u.node().opType()))
          || !isExact(initializer.tensor())) {
        continue;
      }
      emit(editor, initializer, half(initializer.tensor(), scratch).orElseThrow());
      Node reader = index.uses(name).get(0).node();
      changes.add(
          Change.of(reader, "constant " + name + " stored as float16, which holds it exactly"));
    }
    return editor.build();
  }

  private static boolean isExact(Tensor tensor) {
    FloatReader reader = new FloatReader(tensor);
    float[] values = new float[(int) Math.min(MIN_EXACT, tensor.elementCount())];
    for (long from = 0; from < tensor.elementCount(); from += values.length) {
      int n = (int) Math.min(values.length, tensor.elementCount() - from);
      reader.read(from, values, 0, n);
      for (int i = 0; i < n; i++) {
        if (!(Float16.toFloat(Float16.fromFloat(values[i])) == values[i])
            || Float.isInfinite(values[i])) {
          return false;
        }
      }
    }
    return true;
  }

  /** The weight in half precision, or empty if a finite value would become infinite. */
  static Optional<Tensor> half(Tensor weight, Scratch scratch) {
    long count = weight.elementCount();
    Scratch.Region region = count > PIECE ? scratch.reserve(count * 2) : null;
    byte[] small = new byte[region == null ? (int) count * 2 : 0];
    FloatReader reader = new FloatReader(weight);
    float[] values = new float[(int) Math.min(PIECE, count)];
    for (long from = 0; from < count; from += values.length) {
      int n = (int) Math.min(values.length, count - from);
      reader.read(from, values, 0, n);
      ByteBuffer halves =
          (region == null ? ByteBuffer.wrap(small) : ByteBuffer.allocate(n * 2))
              .order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < n; i++) {
        if (Math.abs(values[i]) > LARGEST_HALF && Float.isFinite(values[i])) {
          return Optional.empty();
        }
        halves.putShort(FloatCodec.toHalf(values[i]));
      }
      if (region != null) {
        region.write(from * 2, halves.flip());
      }
    }
    return Optional.of(
        region == null
            ? scratch.store(ElementType.FLOAT16, weight.shape(), small)
            : new Tensor(ElementType.FLOAT16, weight.shape(), region.source()));
  }
}
