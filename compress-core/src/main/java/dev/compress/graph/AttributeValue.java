package dev.compress.graph;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** The value of a node's attribute. */
public sealed interface AttributeValue {
  /** An integer. */
  record IntValue(long value) implements AttributeValue {}

  /** A float. */
  record FloatValue(float value) implements AttributeValue {}

  /** A byte string, usually UTF-8 text. */
  record StringValue(Bytes value) implements AttributeValue {
    /** The text. */
    public String text() {
      return value.utf8();
    }
  }

  /** A tensor. */
  record TensorValue(Initializer value) implements AttributeValue {}

  /** A sparse tensor. */
  record SparseTensorValue(SparseInitializer value) implements AttributeValue {}

  /** A subgraph, as If, Loop and Scan have. */
  record GraphValue(Graph value) implements AttributeValue {}

  /** Integers. */
  record IntsValue(List<Long> values) implements AttributeValue {
    public IntsValue {
      values = List.copyOf(values);
    }
  }

  /** Floats. */
  record FloatsValue(List<Float> values) implements AttributeValue {
    public FloatsValue {
      values = List.copyOf(values);
    }
  }

  /** Byte strings. */
  record StringsValue(List<Bytes> values) implements AttributeValue {
    public StringsValue {
      values = List.copyOf(values);
    }
  }

  /** Tensors. */
  record TensorsValue(List<Initializer> values) implements AttributeValue {
    public TensorsValue {
      values = List.copyOf(values);
    }
  }

  /** Subgraphs. */
  record GraphsValue(List<Graph> values) implements AttributeValue {
    public GraphsValue {
      values = List.copyOf(values);
    }
  }

  /**
   * Inside a function: the value of the calling node's attribute.
   *
   * @param attribute the calling node's attribute
   * @param typeCode its ONNX {@code AttributeType}
   */
  record ReferenceValue(String attribute, int typeCode) implements AttributeValue {}

  /**
   * A kind that the records do not know; its fields are in the attribute's extras.
   *
   * @param typeCode its ONNX {@code AttributeType}, or 0 if the file did not say
   */
  record OpaqueValue(int typeCode) implements AttributeValue {}

  /**
   * An immutable byte string.
   *
   * @param latin1 its bytes, one char (0-255) each
   */
  record Bytes(String latin1) {
    /** From UTF-8 text. */
    public static Bytes utf8(String text) {
      return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** From bytes, copied. */
    public static Bytes of(byte[] bytes) {
      return new Bytes(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    /** As UTF-8 text. */
    public String utf8() {
      return new String(toArray(), StandardCharsets.UTF_8);
    }

    /** A copy of the bytes. */
    public byte[] toArray() {
      return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }
  }
}
