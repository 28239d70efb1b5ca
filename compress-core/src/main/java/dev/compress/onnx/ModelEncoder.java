package dev.compress.onnx;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Dim;
import dev.compress.graph.Function;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.OpsetImport;
import dev.compress.graph.SparseInitializer;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts a model's records into wire form: the mirror of the readers. */
final class ModelEncoder {
  private final WireWriter out = new WireWriter();
  private final TensorPlacement placement;

  private ModelEncoder(TensorPlacement placement) {
    this.placement = placement;
  }

  /** Encodes a model. */
  static WireWriter encode(OnnxModel model, TensorPlacement placement) {
    ModelEncoder encoder = new ModelEncoder(placement);
    encoder.model(model);
    return encoder.out;
  }

  private void model(OnnxModel model) {
    out.integer(1, model.irVersion());
    out.textUnlessEmpty(2, model.producerName());
    out.textUnlessEmpty(3, model.producerVersion());
    out.textUnlessEmpty(4, model.domain());
    out.integerUnlessZero(5, model.modelVersion());
    out.textUnlessEmpty(6, model.docString());
    WireWriter.Mark mark = out.begin(7);
    graph(model.graph());
    out.end(mark);
    for (OpsetImport opset : model.opsets()) {
      mark = out.begin(8);
      out.text(1, opset.domain());
      out.integer(2, opset.version());
      out.end(mark);
    }
    entries(14, model.metadata());
    for (Function function : model.functions()) {
      out.bytes(25, function.wire().wire());
    }
    out.raw(model.extras().wire());
  }

  private void entries(int field, Map<String, String> entries) {
    for (Map.Entry<String, String> entry : entries.entrySet()) {
      entry(field, entry.getKey(), entry.getValue());
    }
  }

  private void entry(int field, String key, String value) {
    WireWriter.Mark mark = out.begin(field);
    out.text(1, key);
    out.text(2, value);
    out.end(mark);
  }

  private void graph(Graph graph) {
    WireWriter.Mark mark;
    for (Node node : graph.nodes()) {
      mark = out.begin(1);
      node(node);
      out.end(mark);
    }
    out.textUnlessEmpty(2, graph.name());
    for (Initializer initializer : graph.initializers()) {
      mark = out.begin(5);
      tensor(initializer, true);
      out.end(mark);
    }
    out.textUnlessEmpty(10, graph.docString());
    values(11, graph.inputs());
    values(12, graph.outputs());
    values(13, graph.valueInfos());
    for (SparseInitializer sparse : graph.sparseInitializers()) {
      mark = out.begin(15);
      sparse(sparse);
      out.end(mark);
    }
    entries(16, graph.metadata());
    out.raw(graph.extras().wire());
  }

  private void node(Node node) {
    for (String input : node.inputs()) {
      out.text(1, input);
    }
    for (String output : node.outputs()) {
      out.text(2, output);
    }
    out.textUnlessEmpty(3, node.name());
    out.text(4, node.opType());
    for (Attribute attribute : node.attributes()) {
      WireWriter.Mark mark = out.begin(5);
      attribute(attribute);
      out.end(mark);
    }
    out.textUnlessEmpty(6, node.docString());
    out.textUnlessEmpty(7, node.domain());
    out.textUnlessEmpty(8, node.overload());
    out.raw(node.extras().wire());
  }

  private void attribute(Attribute attribute) {
    out.text(1, attribute.name());
    int type = value(attribute.value());
    out.textUnlessEmpty(13, attribute.docString());
    out.integerUnlessZero(20, type);
    out.raw(attribute.extras().wire());
  }

  /** Writes the value; returns its type's code. */
  private int value(AttributeValue value) {
    if (value instanceof AttributeValue.FloatValue v) {
      out.floating(2, v.value());
      return 1;
    }
    if (value instanceof AttributeValue.IntValue v) {
      out.integer(3, v.value());
      return 2;
    }
    if (value instanceof AttributeValue.StringValue v) {
      out.bytes(4, v.value().toArray());
      return 3;
    }
    if (value instanceof AttributeValue.TensorValue v) {
      attributeTensor(5, v.value());
      return 4;
    }
    if (value instanceof AttributeValue.GraphValue v) {
      subgraph(6, v.value());
      return 5;
    }
    if (value instanceof AttributeValue.SparseTensorValue v) {
      WireWriter.Mark mark = out.begin(22);
      sparse(v.value());
      out.end(mark);
      return 11;
    }
    if (value instanceof AttributeValue.ReferenceValue v) {
      out.text(21, v.attribute());
      return v.typeCode();
    }
    if (value instanceof AttributeValue.OpaqueValue v) {
      return v.typeCode();
    }
    return list(value);
  }

  private int list(AttributeValue value) {
    if (value instanceof AttributeValue.FloatsValue v) {
      for (float element : v.values()) {
        out.floating(7, element);
      }
      return 6;
    }
    if (value instanceof AttributeValue.IntsValue v) {
      for (long element : v.values()) {
        out.integer(8, element);
      }
      return 7;
    }
    if (value instanceof AttributeValue.StringsValue v) {
      for (AttributeValue.Bytes element : v.values()) {
        out.bytes(9, element.toArray());
      }
      return 8;
    }
    if (value instanceof AttributeValue.TensorsValue v) {
      for (Initializer element : v.values()) {
        attributeTensor(10, element);
      }
      return 9;
    }
    if (value instanceof AttributeValue.GraphsValue v) {
      for (Graph element : v.values()) {
        subgraph(11, element);
      }
      return 10;
    }
    throw new IllegalArgumentException("No attribute value to write: " + value);
  }

  private void attributeTensor(int field, Initializer tensor) {
    WireWriter.Mark mark = out.begin(field);
    tensor(tensor, false);
    out.end(mark);
  }

  private void subgraph(int field, Graph graph) {
    WireWriter.Mark mark = out.begin(field);
    graph(graph);
    out.end(mark);
  }

  private void sparse(SparseInitializer sparse) {
    attributeTensor(1, sparse.values());
    attributeTensor(2, sparse.indices());
    for (long dim : sparse.dims()) {
      out.integer(3, dim);
    }
    out.raw(sparse.extras().wire());
  }

  private void tensor(Initializer initializer, boolean isInitializer) {
    Tensor tensor = initializer.tensor();
    for (int axis = 0; axis < tensor.shape().rank(); axis++) {
      out.integer(1, tensor.shape().dim(axis));
    }
    out.integer(2, tensor.type().code());
    out.textUnlessEmpty(8, initializer.name());
    TensorPlacement.Place place = placement.of(initializer, isInitializer);
    if (place != null) {
      entry(13, "location", place.location());
      entry(13, "offset", Long.toString(place.offset()));
      entry(13, "length", Long.toString(tensor.byteSize()));
      out.integer(14, 1);
    } else if (tensor.type().equals(ElementType.STRING)) {
      strings(tensor);
    } else if (tensor.type().isFixedSize() || tensor.byteSize() > 0) {
      out.weight(9, tensor.data());
    } // else: of a type newer than this code, with its data in the extras
    out.textUnlessEmpty(12, initializer.docString());
    out.raw(initializer.extras().wire());
  }

  private void strings(Tensor tensor) {
    ByteBuffer bytes = ByteBuffer.wrap(tensor.data().toByteArray());
    while (bytes.hasRemaining()) {
      int length = 0;
      for (int shift = 0; ; shift += 7) {
        byte part = bytes.get();
        length |= (part & 0x7f) << shift;
        if (part >= 0) {
          break;
        }
      }
      byte[] text = new byte[length];
      bytes.get(text);
      out.bytes(6, text);
    }
  }

  private void values(int field, List<ValueInfo> values) {
    for (ValueInfo value : values) {
      WireWriter.Mark mark = out.begin(field);
      out.text(1, value.name());
      type(value.type());
      out.textUnlessEmpty(3, value.docString());
      out.raw(value.extras().wire());
      out.end(mark);
    }
  }

  private void type(ValueType type) {
    if (type instanceof ValueType.Other other) {
      out.bytes(2, other.wire().wire());
    } else if (type instanceof ValueType.TensorType tensor) {
      WireWriter.Mark outer = out.begin(2);
      WireWriter.Mark inner = out.begin(1);
      out.integer(1, tensor.element().code());
      shape(tensor.shape().orElse(null));
      out.end(inner);
      out.textUnlessEmpty(6, tensor.denotation());
      out.raw(tensor.extras().wire());
      out.end(outer);
    }
  }

  private void shape(@Nullable List<Dim> dims) {
    if (dims == null) {
      return;
    }
    WireWriter.Mark shape = out.begin(2);
    for (Dim dim : dims) {
      WireWriter.Mark mark = out.begin(1);
      if (dim instanceof Dim.Fixed fixed) {
        out.integer(1, fixed.size());
      } else if (dim instanceof Dim.Symbolic symbolic) {
        out.text(2, symbolic.name());
      }
      out.textUnlessEmpty(3, dim.denotation());
      out.end(mark);
    }
    out.end(shape);
  }
}
