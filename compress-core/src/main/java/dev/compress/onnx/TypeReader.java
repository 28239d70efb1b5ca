package dev.compress.onnx;

import dev.compress.graph.Dim;
import dev.compress.graph.Extras;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads {@code ValueInfoProto} and {@code TypeProto}. */
final class TypeReader {
  private static final long VALUE_FIELDS = ExtraFields.fields(1, 2, 3);
  private static final long TYPE_FIELDS = ExtraFields.fields(1, 4, 5, 6, 7, 8, 9);

  private final WireReader in;

  TypeReader(WireReader in) {
    this.in = in;
  }

  /** Reads a declaration to the end of its message. */
  ValueInfo readValue() {
    String name = "";
    ValueType type = null;
    String docString = "";
    ExtraFields extras = new ExtraFields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 | WireReader.BYTES -> name = in.text("the name of a value");
        case 2 << 3 | WireReader.BYTES -> {
          if (type != null) {
            throw in.malformed("a second type of value " + name);
          }
          long outer = in.enter();
          type = readType();
          in.leave(outer);
        }
        case 3 << 3 | WireReader.BYTES -> {
          String text = in.textOrNull();
          if (text == null) {
            extras.keep(in, start, in.position());
          } else {
            docString = text;
          }
        }
        default -> extras.keep(in, start, tag, VALUE_FIELDS, "ValueInfoProto");
      }
    }
    return new ValueInfo(
        name, type == null ? new ValueType.Undeclared() : type, docString, extras.build());
  }

  /** A tensor's type, or null where it says more than the records hold. */
  private record Parsed(ElementType element, @Nullable List<Dim> shape) {}

  private ValueType readType() {
    long from = in.position();
    long to = in.limit();
    String kind = "";
    String denotation = "";
    Parsed tensor = null;
    ExtraFields extras = new ExtraFields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      if (tag == (6 << 3 | WireReader.BYTES)) {
        denotation = in.text("the denotation of a type");
        continue;
      }
      if (tag == (1 << 3 | WireReader.BYTES) && kind.isEmpty()) {
        long outer = in.enter();
        tensor = readTensorType();
        in.leave(outer);
        kind = "tensor";
        continue;
      }
      String other = otherKind(tag);
      if (other.isEmpty()) {
        extras.keep(in, start, tag, TYPE_FIELDS, "TypeProto");
      } else {
        in.skip(tag);
        tensor = null;
        kind = other;
      }
    }
    if (tensor != null) {
      return new ValueType.TensorType(
          tensor.element(), Optional.ofNullable(tensor.shape()), denotation, extras.build());
    }
    // An empty type is kept as well: some tools tell it from none.
    return new ValueType.Other(kind.isEmpty() ? "unknown" : kind, Extras.of(in.copy(from, to)));
  }

  private static String otherKind(int tag) {
    return switch (tag) {
      case 1 << 3 | WireReader.BYTES -> "tensor";
      case 4 << 3 | WireReader.BYTES -> "sequence";
      case 5 << 3 | WireReader.BYTES -> "map";
      case 7 << 3 | WireReader.BYTES -> "opaque";
      case 8 << 3 | WireReader.BYTES -> "sparse tensor";
      case 9 << 3 | WireReader.BYTES -> "optional";
      default -> "";
    };
  }

  /**
   * Null if there are fields that the records do not hold: then the whole type is kept as it is.
   */
  private @Nullable Parsed readTensorType() {
    ElementType element = ElementType.UNDEFINED;
    List<Dim> shape = null;
    boolean plain = true;
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 -> element = ElementType.of((int) in.varint());
        case 2 << 3 | WireReader.BYTES -> {
          shape = shape == null ? new ArrayList<>() : shape;
          long outer = in.enter();
          plain &= readShape(shape);
          in.leave(outer);
        }
        default -> {
          in.skip(tag);
          plain = false;
        }
      }
    }
    return plain ? new Parsed(element, shape) : null;
  }

  private boolean readShape(List<Dim> shape) {
    boolean plain = true;
    while (!in.atEnd()) {
      int tag = in.tag();
      if (tag == (1 << 3 | WireReader.BYTES)) {
        long outer = in.enter();
        Dim dim = readDim();
        in.leave(outer);
        plain &= dim != null;
        shape.add(dim == null ? Dim.unknown() : dim);
      } else {
        in.skip(tag);
        plain = false;
      }
    }
    return plain;
  }

  private @Nullable Dim readDim() {
    String denotation = "";
    long size = 0;
    String symbol = "";
    boolean hasSize = false;
    boolean plain = true;
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 -> {
          size = in.varint();
          hasSize = true;
        }
        case 2 << 3 | WireReader.BYTES -> {
          symbol = in.text("the name of a dim");
          hasSize = false;
        }
        case 3 << 3 | WireReader.BYTES -> denotation = in.text("the denotation of a dim");
        default -> {
          in.skip(tag);
          plain = false;
        }
      }
    }
    if (!plain) {
      return null;
    }
    if (hasSize) {
      return new Dim.Fixed(size, denotation);
    }
    return symbol.isEmpty() ? new Dim.Unknown(denotation) : new Dim.Symbolic(symbol, denotation);
  }
}
