package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Initializer;
import dev.compress.graph.SparseInitializer;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.HeapBytes;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code TensorProto} and {@code SparseTensorProto}, leaving the elements in the file. */
final class TensorReader {
  private static final long TENSOR_FIELDS =
      ExtraFields.fields(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
  private static final long SPARSE_FIELDS = ExtraFields.fields(1, 2, 3);
  private static final int EXTERNAL = 1;

  private final WireReader in;
  private final ExternalFiles external;
  private boolean externalAllowed = true;

  TensorReader(WireReader in, ExternalFiles external) {
    this.in = in;
    this.external = external;
  }

  /**
   * Whether tensors may lie in other files. Not those in functions, whose wire form is kept: what
   * is written elsewhere would no longer find them.
   */
  void allowExternal(boolean allowed) {
    externalAllowed = allowed;
  }

  /** What one message says. */
  private static final class Fields {
    long[] dims = new long[4];
    int rank;
    int type;
    String name = "";
    String docString = "";
    @Nullable ByteSource raw;
    final @Nullable TypedData[] typed = new TypedData[TypedData.UINT64_DATA + 1];
    boolean isExternal;
    String location = "";
    String offset = "";
    String length = "";
    final ExtraFields extras = new ExtraFields();

    void dim(WireReader in, long dim) {
      if (rank == dims.length) {
        in.budget().take(8L * rank);
        dims = java.util.Arrays.copyOf(dims, 2 * rank);
      }
      dims[rank++] = dim;
    }
  }

  /**
   * Reads a tensor to the end of its message.
   *
   * @param owner what it belongs to, for messages where it has no name
   * @param attribute the attribute it is in, or empty
   */
  Initializer read(String owner, String attribute) {
    Fields f = new Fields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 -> f.dim(in, in.varint());
        case 1 << 3 | WireReader.BYTES -> {
          long outer = in.enter();
          while (!in.atEnd()) {
            f.dim(in, in.varint());
          }
          in.leave(outer);
        }
        case 2 << 3 -> f.type = (int) in.varint();
        case 3 << 3 | WireReader.BYTES ->
            throw new UnsupportedModelException(
                new TensorName(f.name, owner, attribute)
                    + " is stored in segments, which no ONNX tool supports. Export it again.");
        case TypedData.FLOAT_DATA << 3 | WireReader.BYTES,
            TypedData.FLOAT_DATA << 3 | WireReader.FIXED32,
            TypedData.INT32_DATA << 3 | WireReader.BYTES,
            TypedData.INT32_DATA << 3,
            TypedData.STRING_DATA << 3 | WireReader.BYTES,
            TypedData.INT64_DATA << 3 | WireReader.BYTES,
            TypedData.INT64_DATA << 3,
            TypedData.DOUBLE_DATA << 3 | WireReader.BYTES,
            TypedData.DOUBLE_DATA << 3 | WireReader.FIXED64,
            TypedData.UINT64_DATA << 3 | WireReader.BYTES,
            TypedData.UINT64_DATA << 3 -> {
          TypedData data = f.typed[tag >>> 3];
          if (data == null) {
            data = new TypedData(tag >>> 3);
            f.typed[tag >>> 3] = data;
          }
          data.add(in, start, tag);
        }
        case 8 << 3 | WireReader.BYTES -> f.name = in.text("a tensor's name");
        case 9 << 3 | WireReader.BYTES -> f.raw = in.take(in.length());
        case 12 << 3 | WireReader.BYTES -> f.docString = docString(f.extras, start);
        case 13 << 3 | WireReader.BYTES -> externalEntry(f);
        case 14 << 3 -> f.isExternal = in.varint() == EXTERNAL;
        default -> f.extras.keep(in, start, tag, TENSOR_FIELDS, "TensorProto");
      }
    }
    return build(f, new TensorName(f.name, owner, attribute));
  }

  private String docString(ExtraFields extras, long start) {
    String text = in.textOrNull();
    if (text == null) {
      extras.keep(in, start, in.position());
    }
    return text == null ? "" : text;
  }

  private void externalEntry(Fields f) {
    long outer = in.enter();
    String key = "";
    String value = "";
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 | WireReader.BYTES -> key = in.text("a key of external_data");
        case 2 << 3 | WireReader.BYTES -> value = in.text("a value of external_data");
        default -> in.skip(tag);
      }
    }
    in.leave(outer);
    switch (key) {
      case "location" -> f.location = value;
      case "offset" -> f.offset = value;
      case "length" -> f.length = value;
      default -> {} // a checksum (SHA-1 of the whole file) would cost more than all else
    }
  }

  private Initializer build(Fields f, TensorName label) {
    ElementType type = ElementType.of(f.type);
    if (f.type == 0) {
      throw new InvalidModelException(label + " has no element type. Export the model again.");
    }
    Shape shape = shape(f, label);
    long bytes = -1;
    if (type.isFixedSize()) {
      try {
        bytes = type.byteSize(shape.elementCount());
      } catch (ArithmeticException e) {
        throw new InvalidModelException(
            label + " of shape " + shape + " would take more than 2^63 bytes.", e);
      }
    }
    ByteSource data =
        f.isExternal ? external(f, label, type, bytes) : inside(f, label, type, shape);
    if (bytes >= 0 && data.size() != bytes) {
      throw new InvalidModelException(
          label
              + " holds "
              + data.size()
              + " bytes of data, but a "
              + type
              + " tensor of shape "
              + shape
              + " takes "
              + bytes
              + ". The file is damaged: fetch or export it again.");
    }
    return new Initializer(f.name, new Tensor(type, shape, data), f.docString, f.extras.build());
  }

  private static Shape shape(Fields f, TensorName label) {
    try {
      return Shape.of(java.util.Arrays.copyOf(f.dims, f.rank));
    } catch (IllegalArgumentException e) {
      throw new InvalidModelException(
          label + ": " + e.getMessage() + ". The file is damaged: fetch or export it again.", e);
    }
  }

  private ByteSource external(Fields f, TensorName label, ElementType type, long bytes) {
    if (!externalAllowed) {
      throw new UnsupportedModelException(
          label + " of a model-local function lies in another file. Inline the functions first.");
    }
    if (type.equals(ElementType.STRING)) {
      throw new InvalidModelException(
          label + " holds strings, which cannot lie in another file. Export the model again.");
    }
    long offset = f.offset.isEmpty() ? 0 : number(f.offset, "offset", label);
    long length = f.length.isEmpty() ? bytes : number(f.length, "length", label);
    return external.region(label, f.location, offset, length);
  }

  private static long number(String text, String what, TensorName label) {
    long value = -1;
    try {
      value = Long.parseLong(text);
    } catch (NumberFormatException e) {
      // reported below, with the negative ones
    }
    if (value < 0) {
      throw new InvalidModelException(
          label
              + ": the "
              + what
              + " of its external data is "
              + (text.length() > 40 ? text.substring(0, 40) + "..." : text)
              + ", which is no byte count. Export the model again.");
    }
    return value;
  }

  private ByteSource inside(Fields f, TensorName label, ElementType type, Shape shape) {
    TypedData typed = TypedData.only(in, label, f.typed);
    ByteSource raw = f.raw;
    if (raw != null && raw.size() == 0 && typed != null) {
      raw = null;
    }
    if (raw != null && typed != null) {
      throw in.malformed(label + " that holds its data twice,");
    }
    if (type.equals(ElementType.STRING) && raw != null && raw.size() > 0) {
      throw new InvalidModelException(
          label + " holds strings as raw data, which ONNX does not allow. Export it again.");
    }
    if (typed == null) {
      if (type.equals(ElementType.STRING) && shape.elementCount() > 0) {
        throw new InvalidModelException(
            label + " of shape " + shape + " holds no strings. Fetch or export it again.");
      }
      return raw != null ? raw : HeapBytes.wrap(new byte[0]);
    }
    int field = TypedData.fieldOf(type);
    if (field == 0) {
      typed.keep(in, f.extras); // a type newer than this code: how it is packed is unknown
      return HeapBytes.wrap(new byte[0]);
    }
    if (typed.field() != field) {
      throw new InvalidModelException(
          label + " holds its " + type + " data in a field of another type. Export it again.");
    }
    return typed.elements(in, type, label, shape.elementCount());
  }

  /** Reads a sparse tensor to the end of its message. */
  SparseInitializer readSparse(String owner, String attribute) {
    Initializer values = null;
    Initializer indices = null;
    List<Long> dims = new ArrayList<>();
    ExtraFields extras = new ExtraFields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 | WireReader.BYTES -> values = part(values, owner, attribute);
        case 2 << 3 | WireReader.BYTES -> indices = part(indices, owner, attribute);
        case 3 << 3 -> {
          in.budget().take(HeapBudget.NUMBER);
          dims.add(in.varint());
        }
        case 3 << 3 | WireReader.BYTES -> {
          long outer = in.enter();
          while (!in.atEnd()) {
            in.budget().take(HeapBudget.NUMBER);
            dims.add(in.varint());
          }
          in.leave(outer);
        }
        default -> extras.keep(in, start, tag, SPARSE_FIELDS, "SparseTensorProto");
      }
    }
    if (values == null) {
      throw in.malformed("a sparse tensor of " + owner + " without values");
    }
    if (indices == null) {
      throw in.malformed("a sparse tensor of " + owner + " without indices");
    }
    return new SparseInitializer(values, indices, dims, extras.build());
  }

  private Initializer part(@Nullable Initializer before, String owner, String attribute) {
    if (before != null) {
      throw in.malformed("a sparse tensor of " + owner + " with two sets of values");
    }
    long outer = in.enter();
    Initializer part = read(owner, attribute);
    in.leave(outer);
    return part;
  }
}
