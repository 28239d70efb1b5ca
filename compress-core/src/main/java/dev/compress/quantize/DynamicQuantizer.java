package dev.compress.quantize;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.pass.PassResult.Trace;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products with activations quantized at each run. ONNX Runtime fuses exactly this pattern
 * into one DynamicQuantizeMatMul, bias included:
 *
 * <pre>
 * xq, xs, xz = DynamicQuantizeLinear(x)
 * i = MatMulInteger(xq, Wq, xz, Wz);  f = Cast(i);  s = Mul(xs, Ws);  y = Mul(f, s) [+ bias]
 * </pre>
 */
final class DynamicQuantizer {
  private static final long MIN_WEIGHTS = 4096;
  private static final long MIN_PRODUCTS = 60_000;

  private final OnnxModel model;
  private final Graph graph;
  private final Shapes shapes;
  private final QuantizeInt8 settings;
  private final PassContext context;
  private final GraphIndex index;
  private final GraphEditor editor;
  private final Map<String, String[]> quantizedInputs = new HashMap<>();
  private final Map<String, String[]> weights = new HashMap<>();
  private @Nullable LayerRounding rounding;

  DynamicQuantizer(OnnxModel model, Shapes shapes, QuantizeInt8 settings, PassContext context) {
    this.model = model;
    this.graph = model.graph();
    this.shapes = shapes;
    this.settings = settings;
    this.context = context;
    this.index = new GraphIndex(graph);
    this.editor = new GraphEditor(graph);
  }

  Graph quantize(List<Change> changes, List<Skipped> skipped, List<Trace> traces) {
    if (settings.rounding() == Rounding.ADAPTIVE && context.calibration().isPresent()) {
      rounding = rounding();
    }
    for (Node node : graph.nodes()) {
      Optional<NodePattern> pattern = NodePattern.match(node, index).filter(p -> !node.is("Conv"));
      if (pattern.isEmpty()) {
        continue;
      }
      context.progress().check();
      if (!settings.allows(node)) {
        skipped.add(Skipped.of(node, "excluded"));
      } else if (!pays(pattern.get())) {
        skipped.add(Skipped.of(node, "a small matrix: slower in integers"));
      } else {
        replace(pattern.get());
        changes.add(Change.of(node, "int8, dynamic"));
        traces.add(
            new Trace(
                node.label(),
                node.opType(),
                node.output(0),
                "dynamic",
                node.output(0),
                node.output(0)));
      }
    }
    if (rounding != null) {
      skipped.addAll(rounding.skipped());
    }
    editor.removeDead();
    return editor.build();
  }

  private LayerRounding rounding() {
    List<NodePattern> layers =
        graph.nodes().stream()
            .filter(n -> !n.is("Conv") && settings.allows(n))
            .flatMap(n -> NodePattern.match(n, index).stream())
            .filter(this::pays)
            .toList();
    return new LayerRounding(
        model, shapes, context, layers, node -> null, settings.target().maxWeightCode());
  }

  /** Measured: under some 60 thousand products the extra nodes cost more than they save. */
  private boolean pays(NodePattern pattern) {
    long products = PatternCost.products(pattern, shapes);
    return pattern.tensor().elementCount() >= MIN_WEIGHTS
        && (products < 0 || products >= MIN_PRODUCTS);
  }

  private void replace(NodePattern pattern) {
    Node node = pattern.node();
    String[] x = quantizedInputs.computeIfAbsent(node.input(0), this::quantizeInput);
    String[] w =
        weights.computeIfAbsent(
            pattern.weight() + '/' + pattern.outputAxis(), k -> weight(pattern));
    String y = node.output(0);
    String sums = editor.freshName(y + "_i32");
    String floats = editor.freshName(y + "_f32");
    String scale = editor.freshName(y + "_scale");
    String product = pattern.bias().isEmpty() ? y : editor.freshName(y + "_mul");
    editor.remove(node);
    editor.add(
        Node.of("MatMulInteger", node.name(), List.of(x[0], w[0], x[2], w[2]), List.of(sums)));
    editor.add(
        Node.of(
            "Cast",
            floats,
            List.of(sums),
            List.of(floats),
            Attribute.of("to", ElementType.FLOAT.code())));
    editor.add(Node.of("Mul", scale, List.of(x[1], w[1]), List.of(scale)));
    editor.add(
        Node.of("Mul", editor.freshName(y + "_scaled"), List.of(floats, scale), List.of(product)));
    if (!pattern.bias().isEmpty()) {
      editor.add(
          Node.of(
              "Add",
              editor.freshName(y + "_biased"),
              List.of(product, pattern.bias()),
              List.of(y)));
    }
  }

  private String[] quantizeInput(String value) {
    String[] names = {
      editor.freshName(value + "_q"),
      editor.freshName(value + "_scale"),
      editor.freshName(value + "_zp")
    };
    editor.add(Node.of("DynamicQuantizeLinear", names[0], List.of(value), List.of(names)));
    return names;
  }

  private String[] weight(NodePattern pattern) {
    Tensor weight = pattern.tensor();
    WeightCodes codes =
        WeightCodes.of(
            pattern.weight(),
            weight,
            ChannelLayout.of(weight.shape(), pattern.outputAxis()),
            settings.target().maxWeightCode(),
            null,
            new float[0],
            context);
    if (rounding != null) {
      codes = rounding.round(pattern, codes);
    }
    codes =
        codes.mapped(
            settings.codes(), ChannelLayout.of(weight.shape(), pattern.outputAxis()), context);
    Tensor q = pattern.outputAxis() == 0 ? transposed(codes.codes()) : codes.codes();
    int n = codes.scales().length;
    return new String[] {
      editor.addInitializer(pattern.weight() + "_q", q),
      editor.addInitializer(
          pattern.weight() + "_scale", Tensor.ofFloats(Shape.of(n), codes.scales())),
      editor.addInitializer(
          pattern.weight() + "_zp", Tensor.ofBytes(ElementType.INT8, Shape.of(n), new byte[n]))
    };
  }

  /** MatMulInteger has no transB. */
  private Tensor transposed(Tensor matrix) {
    int rows = (int) matrix.shape().dim(0);
    int columns = (int) matrix.shape().dim(1);
    byte[] from = matrix.data().toByteArray();
    byte[] to = new byte[from.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        to[c * rows + r] = from[r * columns + c];
      }
    }
    return context.scratch().store(ElementType.INT8, Shape.of(columns, rows), to);
  }
}
