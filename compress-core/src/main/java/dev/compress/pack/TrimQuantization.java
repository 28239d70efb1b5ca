package dev.compress.pack;

import dev.compress.graph.Attribute;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Leaves out of a quantized model what follows from the rest of it: zero points of constants that
 * are zero, which is what their absence means, and scales of biases that are the product of the
 * input's and the weight's, which the runtime multiplies at load to the same bits. Once weights
 * take a bit each, these take a quarter of the file. Without a zero point a weight of Gemm is
 * computed in float (ONNX Runtime 1.29): there it is made at load.
 *
 * <pre>{@code
 * before: DequantizeLinear(B int32, sb, zb)      after: DequantizeLinear(B, Mul(sw, sx))
 * }</pre>
 */
public record TrimQuantization() implements CompressionPass {
  /** Under this a Mul takes more than the scales. */
  private static final int MIN_SCALES = 10;

  /** Under this a ConstantOfShape takes more than the zero points. */
  private static final int MIN_ZEROS = 64;

  @Override
  public String name() {
    return "trim-quantization";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    boolean any =
        model.graph().nodes().stream()
            .anyMatch(n -> n.is("DequantizeLinear") || n.is("MatMulInteger"));
    return any ? Optional.empty() : Optional.of(new NotApplicable("nothing is quantized"));
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    GraphEditor editor = new GraphEditor(model.graph());
    Map<String, String> products = new HashMap<>();
    List<Change> changes = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      Node trimmed = node;
      boolean dequantizes = node.is("DequantizeLinear");
      int zeroPoint = dequantizes ? 2 : 3;
      int constant = dequantizes ? 0 : 1;
      if ((dequantizes || node.is("MatMulInteger"))
          && index.constant(node.input(constant)).isPresent()
          && index.constant(node.input(zeroPoint)).filter(TrimQuantization::isZero).isPresent()) {
        if (!isRead(node, "Gemm", index)) {
          trimmed = trimmed.withInputs(trimmed.inputs().subList(0, zeroPoint));
        } else if (isLong(node.input(zeroPoint), index)) {
          trimmed =
              trimmed.withInput(zeroPoint, zeros(node.input(zeroPoint), index, editor, products));
        }
      }
      Optional<String[]> factors = dequantizes ? factors(node, index) : Optional.empty();
      if (factors.isPresent()) {
        String[] names = factors.get();
        String product =
            products.computeIfAbsent(
                names[0] + '\n' + names[1],
                k -> {
                  String made = editor.freshName("_m");
                  editor.add(Node.of("Mul", "", List.of(names), List.of(made)));
                  return made;
                });
        trimmed = trimmed.withInput(1, product);
      }
      if (trimmed != node) {
        editor.replace(node, trimmed);
        changes.add(Change.of(node, "zero points or scales that follow from others left out"));
      }
    }
    if (changes.isEmpty()) {
      return PassResult.unchanged(model);
    }
    editor.removeDead();
    return PassResult.of(model.withGraph(editor.build()), changes, List.of());
  }

  /** Whether a node makes the weight of such a node. */
  private static boolean isRead(Node node, String as, GraphIndex index) {
    return index.uses(node.output(0)).stream()
        .anyMatch(u -> u.inputIndex() == 1 && u.node().is(as));
  }

  private static boolean isLong(String zeros, GraphIndex index) {
    return index
        .constant(zeros)
        .filter(t -> t.elementCount() >= MIN_ZEROS && t.shape().rank() == 1)
        .isPresent();
  }

  /** As many zeros, made at load. */
  private static String zeros(
      String name, GraphIndex index, GraphEditor editor, Map<String, String> made) {
    Tensor zeros = index.constant(name).orElseThrow();
    return made.computeIfAbsent(
        zeros.type() + " " + zeros.elementCount(),
        k -> {
          Tensor count = Tensor.ofLongs(Shape.of(1), zeros.elementCount());
          String value = editor.freshName("_z");
          Tensor zero = Tensor.ofBytes(zeros.type(), Shape.of(1), new byte[1]);
          editor.add(
              Node.of(
                  "ConstantOfShape",
                  "",
                  List.of(editor.addInitializer("_c", count)),
                  List.of(value),
                  Attribute.of("value", zero)));
          return value;
        });
  }

  private static boolean isZero(Tensor tensor) {
    boolean small = tensor.byteSize() <= (1 << 20);
    if (!small || tensor.type().isFloatingPoint()) {
      return false;
    }
    for (byte b : tensor.data().toByteArray()) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /** The scales of weight and input whose product a bias's scale is. */
  private static Optional<String[]> factors(Node bias, GraphIndex index) {
    Optional<Tensor> scale = index.constant(bias.input(1)).filter(TrimQuantization::isFloat);
    Optional<Node> layer = index.onlyConsumer(bias.output(0));
    if (scale.isEmpty()
        || scale.get().elementCount() < MIN_SCALES
        || layer.isEmpty()
        || !(layer.get().is("Conv") || layer.get().is("Gemm"))
        || !layer.get().input(2).equals(bias.output(0))) {
      return Optional.empty();
    }
    Optional<Node> x = index.producer(layer.get().input(0), "DequantizeLinear");
    Optional<Node> w = index.producer(layer.get().input(1), "DequantizeLinear");
    if (x.isEmpty() || w.isEmpty()) {
      return Optional.empty();
    }
    Optional<Tensor> ofInput = index.constant(x.get().input(1)).filter(TrimQuantization::isFloat);
    Optional<Tensor> ofWeight = index.constant(w.get().input(1)).filter(TrimQuantization::isFloat);
    if (ofInput.isEmpty()
        || ofWeight.isEmpty()
        || ofInput.get().elementCount() != 1
        || ofInput.get().shape().rank() != 0
        || !ofWeight.get().shape().equals(scale.get().shape())) {
      return Optional.empty();
    }
    float factor = ofInput.get().toFloats()[0];
    float[] weights = ofWeight.get().toFloats();
    float[] products = scale.get().toFloats();
    for (int c = 0; c < weights.length; c++) {
      float product = weights[c] * factor;
      if (Float.floatToRawIntBits(product) != Float.floatToRawIntBits(products[c])) {
        return Optional.empty();
      }
    }
    return Optional.of(new String[] {w.get().input(1), x.get().input(1)});
  }

  private static boolean isFloat(Tensor tensor) {
    return tensor.type().equals(ElementType.FLOAT);
  }
}
