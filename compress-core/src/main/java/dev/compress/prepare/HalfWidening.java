package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Change;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes every float16 in a graph and its bodies a float32; the main graph's signature stays. */
final class HalfWidening {
  private static final int PIECE = 1 << 18;

  private final PassContext context;
  private final Shapes shapes;
  private final List<Change> changes;

  /**
   * A widening.
   *
   * @param shapes of the main graph
   * @param changes receives what is done
   */
  HalfWidening(PassContext context, Shapes shapes, List<Change> changes) {
    this.context = context;
    this.shapes = shapes;
    this.changes = changes;
  }

  /** The main graph; the same instance if nothing in it is float16. */
  Graph widen(Graph main) {
    GraphIndex index = new GraphIndex(main);
    GraphEditor editor = new GraphEditor(main);
    for (Node node : main.nodes()) {
      Node widened = widened(node);
      if (widened != node) {
        editor.replace(node, widened);
        changes.add(Change.of(node, "computes in float32"));
      }
    }
    Map<String, String> floats = new HashMap<>();
    for (Initializer initializer : main.initializers()) {
      String name = initializer.name();
      if (!HalfValues.isHalf(initializer.tensor().type()) || index.isInput(name)) {
        continue;
      }
      context.progress().check();
      Tensor wide = widened(initializer.tensor());
      if (index.isOutput(name)) {
        floats.put(name, editor.addInitializer(name + "_f", wide));
      } else {
        editor.setInitializer(name, wide);
      }
      changes.add(new Change(name, "Initializer", "float16 -> float32"));
    }
    Map<String, String> inputs = new LinkedHashMap<>();
    for (ValueInfo input : main.inputs()) {
      if (HalfValues.isHalf(input)) {
        inputs.put(input.name(), editor.freshName(input.name() + "_f"));
      }
    }
    Map<String, String> outputs = new LinkedHashMap<>();
    for (ValueInfo output : main.outputs()) {
      if (index.producer(output.name()).isPresent() && isHalf(output)) {
        outputs.put(output.name(), editor.freshName(output.name() + "_f"));
      }
    }
    if (changes.isEmpty() && inputs.isEmpty() && outputs.isEmpty()) {
      return main;
    }
    floats.putAll(inputs);
    floats.putAll(outputs);
    editor.replaceUses(floats);
    for (Node node : editor.currentNodes()) {
      List<String> renamed = node.outputs().stream().map(o -> outputs.getOrDefault(o, o)).toList();
      if (!renamed.equals(node.outputs())) {
        editor.replace(node, node.withOutputs(renamed));
      }
    }
    inputs.forEach((half, wide) -> cast(editor, half, wide, ElementType.FLOAT));
    outputs.forEach((half, wide) -> cast(editor, wide, half, ElementType.FLOAT16));
    Graph edited = editor.build();
    return edited.withValueInfos(edited.valueInfos().stream().map(HalfWidening::widened).toList());
  }

  private boolean isHalf(ValueInfo output) {
    return HalfValues.isHalf(output)
        || (output.type() instanceof ValueType.Undeclared
            && shapes.element(output.name()).filter(HalfValues::isHalf).isPresent());
  }

  private static void cast(GraphEditor editor, String from, String to, ElementType type) {
    editor.add(
        Node.of(
            "Cast",
            editor.freshName(to + "_cast"),
            List.of(from),
            List.of(to),
            Attribute.of("to", type.code())));
  }

  /** A body: nobody outside sees its types. */
  private Graph body(Graph body) {
    return new Graph(
        body.name(),
        body.nodes().stream().map(this::widened).toList(),
        body.initializers().stream().map(this::widened).toList(),
        body.sparseInitializers(),
        body.inputs().stream().map(HalfWidening::widened).toList(),
        body.outputs().stream().map(HalfWidening::widened).toList(),
        body.valueInfos().stream().map(HalfWidening::widened).toList(),
        body.docString(),
        body.metadata(),
        body.extras());
  }

  private Node widened(Node node) {
    List<Attribute> attributes = node.attributes().stream().map(this::widened).toList();
    boolean same = true;
    for (int i = 0; i < attributes.size(); i++) {
      same &= attributes.get(i) == node.attributes().get(i);
    }
    return same ? node : node.withAttributes(attributes);
  }

  private Attribute widened(Attribute attribute) {
    AttributeValue value = attribute.value();
    AttributeValue wide = value;
    if (HalfValues.isType(attribute)) {
      wide = new AttributeValue.IntValue(ElementType.FLOAT.code());
    } else if (value instanceof AttributeValue.TensorValue tensor
        && HalfValues.isTensor(attribute)) {
      wide = new AttributeValue.TensorValue(widened(tensor.value()));
    } else if (value instanceof AttributeValue.GraphValue graph && HalfValues.isIn(graph.value())) {
      wide = new AttributeValue.GraphValue(body(graph.value()));
    } else if (value instanceof AttributeValue.GraphsValue graphs
        && graphs.values().stream().anyMatch(HalfValues::isIn)) {
      wide = new AttributeValue.GraphsValue(graphs.values().stream().map(this::body).toList());
    }
    return wide == value
        ? attribute
        : new Attribute(attribute.name(), wide, attribute.docString(), attribute.extras());
  }

  private static ValueInfo widened(ValueInfo value) {
    if (!HalfValues.isHalf(value)) {
      return value;
    }
    ValueType.TensorType type = (ValueType.TensorType) value.type();
    ValueType wide =
        new ValueType.TensorType(ElementType.FLOAT, type.shape(), type.denotation(), type.extras());
    return new ValueInfo(value.name(), wide, value.docString(), value.extras());
  }

  private Initializer widened(Initializer initializer) {
    return HalfValues.isHalf(initializer.tensor().type())
        ? new Initializer(
            initializer.name(),
            widened(initializer.tensor()),
            initializer.docString(),
            initializer.extras())
        : initializer;
  }

  /** The same numbers in 32 bits. */
  private Tensor widened(Tensor half) {
    long count = half.elementCount();
    FloatReader reader = new FloatReader(half);
    float[] values = new float[(int) Math.min(PIECE, count)];
    Scratch.Region region = count > PIECE ? context.scratch().reserve(count * 4) : null;
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long from = 0; from < count; from += values.length) {
      int n = (int) Math.min(values.length, count - from);
      reader.read(from, values, 0, n);
      bytes.clear().limit(n * Float.BYTES);
      bytes.asFloatBuffer().put(values, 0, n);
      if (region != null) {
        region.write(from * Float.BYTES, bytes);
      }
    }
    return region == null
        ? context.scratch().store(ElementType.FLOAT, half.shape(), bytes.array())
        : new Tensor(ElementType.FLOAT, half.shape(), region.source());
  }
}
