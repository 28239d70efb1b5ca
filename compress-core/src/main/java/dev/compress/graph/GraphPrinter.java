package dev.compress.graph;

import dev.compress.graph.AttributeValue.Bytes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Sha256;
import dev.compress.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * A stable text form of a model, to compare before and after: one line for each input, constant,
 * node and output. Constants of up to eight numbers show their values, larger ones the first digits
 * of their bytes' SHA-256. Attributes are sorted by name. Documentation, declared types of inner
 * values and extras are left out.
 *
 * <pre>
 * ir 8, opset 17, com.microsoft 1
 * graph main
 *   input  x: float[n, 3]
 *   const  w: float[3, 16] #0f3a99c1
 *   const  b: float[1] = [0.5]
 *   Gemm   fc (x, w, b) -&gt; y {alpha=1.0, transB=0}
 *   output y: float[n, 16]
 * </pre>
 */
public final class GraphPrinter {
  private static final int SHOWN_VALUES = 8;
  private static final int HASH_DIGITS = 8;

  private final StringBuilder text = new StringBuilder();
  private final int hashDigits;

  private GraphPrinter(int hashDigits) {
    this.hashDigits = hashDigits;
  }

  /** The text of a model. */
  public static String print(OnnxModel model) {
    return print(model, HASH_DIGITS);
  }

  /**
   * The SHA-256 of all that {@link #print} shows, constants with all their bytes: models of one
   * fingerprint compute the same.
   */
  public static String fingerprint(OnnxModel model) {
    byte[] text = print(model, Integer.MAX_VALUE).getBytes(StandardCharsets.UTF_8);
    return Sha256.of(text);
  }

  private static String print(OnnxModel model, int hashDigits) {
    GraphPrinter printer = new GraphPrinter(hashDigits);
    StringJoiner head = new StringJoiner(", ");
    head.add("ir " + model.irVersion());
    for (OpsetImport opset : model.opsets()) {
      head.add((opset.domain().isEmpty() ? "opset" : opset.domain()) + " " + opset.version());
    }
    printer.text.append(head).append('\n');
    for (Map.Entry<String, String> entry : model.metadata().entrySet()) {
      printer.line("", "meta   " + entry.getKey() + " = " + entry.getValue());
    }
    printer.graph(model.graph(), "graph " + model.graph().name(), "");
    for (Function function : model.functions()) {
      printer.line("", "function " + function.domain() + "." + function.name());
      for (Node node : function.nodes()) {
        printer.node(node, "  ");
      }
    }
    return printer.text.toString();
  }

  /** The text of a graph. */
  public static String print(Graph graph) {
    GraphPrinter printer = new GraphPrinter(HASH_DIGITS);
    printer.graph(graph, "graph " + graph.name(), "");
    return printer.text.toString();
  }

  private void line(String indent, String content) {
    text.append(indent).append(content).append('\n');
  }

  private void graph(Graph graph, String head, String indent) {
    line(indent, head);
    String inner = indent + "  ";
    for (ValueInfo input : graph.inputs()) {
      line(inner, "input  " + input.name() + ": " + input.type());
    }
    for (Initializer constant : graph.initializers()) {
      line(inner, "const  " + constant.name() + ": " + describe(constant.tensor()));
    }
    for (SparseInitializer sparse : graph.sparseInitializers()) {
      line(inner, "sparse " + sparse.name() + ": " + describe(sparse));
    }
    for (Node node : graph.nodes()) {
      node(node, inner);
    }
    for (ValueInfo output : graph.outputs()) {
      line(inner, "output " + output.name() + ": " + output.type());
    }
  }

  private void node(Node node, String indent) {
    StringBuilder line = new StringBuilder();
    line.append(node.domain().isEmpty() ? "" : node.domain() + ".").append(node.opType());
    if (!node.overload().isEmpty()) {
      line.append(':').append(node.overload());
    }
    line.append(node.name().isEmpty() ? "" : " " + node.name());
    line.append(" (").append(String.join(", ", node.inputs())).append(") -> ");
    line.append(String.join(", ", node.outputs()));
    List<Attribute> sorted = new ArrayList<>(node.attributes());
    sorted.sort(Comparator.comparing(Attribute::name));
    StringJoiner attributes = new StringJoiner(", ", " {", "}").setEmptyValue("");
    for (Attribute attribute : sorted) {
      attributes.add(attribute.name() + "=" + describe(attribute.value()));
    }
    line(indent, line.append(attributes).toString());
    for (Attribute attribute : sorted) {
      if (attribute.value() instanceof AttributeValue.GraphValue graph) {
        graph(graph.value(), attribute.name() + ": graph " + graph.value().name(), indent + "  ");
      } else if (attribute.value() instanceof AttributeValue.GraphsValue graphs) {
        for (Graph graph : graphs.values()) {
          graph(graph, attribute.name() + ": graph " + graph.name(), indent + "  ");
        }
      }
    }
  }

  private String describe(AttributeValue value) {
    if (value instanceof AttributeValue.IntValue v) {
      return Long.toString(v.value());
    }
    if (value instanceof AttributeValue.FloatValue v) {
      return Float.toString(v.value());
    }
    if (value instanceof AttributeValue.StringValue v) {
      return quoted(v.value());
    }
    if (value instanceof AttributeValue.IntsValue v) {
      return v.values().toString();
    }
    if (value instanceof AttributeValue.FloatsValue v) {
      return v.values().toString();
    }
    if (value instanceof AttributeValue.StringsValue v) {
      return v.values().stream().map(GraphPrinter::quoted).toList().toString();
    }
    if (value instanceof AttributeValue.TensorValue v) {
      return describe(v.value().tensor());
    }
    if (value instanceof AttributeValue.TensorsValue v) {
      return v.values().stream().map(t -> describe(t.tensor())).toList().toString();
    }
    if (value instanceof AttributeValue.SparseTensorValue v) {
      return describe(v.value());
    }
    if (value instanceof AttributeValue.GraphValue v) {
      return "graph " + v.value().name();
    }
    if (value instanceof AttributeValue.GraphsValue v) {
      return v.values().size() + " graphs";
    }
    if (value instanceof AttributeValue.ReferenceValue v) {
      return "@" + v.attribute();
    }
    return value.toString();
  }

  private static String quoted(Bytes bytes) {
    return "\"" + bytes.utf8() + "\"";
  }

  private String describe(SparseInitializer sparse) {
    return sparse.dims()
        + " of values "
        + describe(sparse.values().tensor())
        + " at "
        + describe(sparse.indices().tensor());
  }

  private String describe(Tensor tensor) {
    String head = tensor.type() + tensor.shape().toString();
    if (tensor.elementCount() <= SHOWN_VALUES) {
      if (tensor.type().isFloatingPoint() && !tensor.type().equals(ElementType.DOUBLE)) {
        List<Float> values = new ArrayList<>();
        for (float value : tensor.toFloats()) {
          values.add(value);
        }
        return head + " = " + values;
      }
      boolean integers =
          switch (tensor.type().code()) {
            case 2, 3, 4, 5, 6, 7, 9, 12, 13 -> true;
            default -> false;
          };
      if (integers) {
        List<String> values = new ArrayList<>();
        for (long value : tensor.toLongs()) {
          values.add(
              tensor.type().equals(ElementType.UINT64)
                  ? Long.toUnsignedString(value)
                  : Long.toString(value));
        }
        return head + " = " + values;
      }
    }
    return head + " #" + hash(tensor);
  }

  private String hash(Tensor tensor) {
    String all = Sha256.of(tensor.data(), 0, tensor.byteSize());
    return all.substring(0, Math.min(hashDigits, all.length()));
  }
}
