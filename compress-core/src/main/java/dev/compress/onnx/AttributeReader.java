package dev.compress.onnx;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.AttributeValue.Bytes;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.SparseInitializer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code AttributeProto}. */
final class AttributeReader {
  private static final long FIELDS =
      ExtraFields.fields(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 20, 21, 22, 23);

  private final WireReader in;
  private final TensorReader tensors;
  private final GraphReader graphs;

  AttributeReader(WireReader in, TensorReader tensors, GraphReader graphs) {
    this.in = in;
    this.tensors = tensors;
    this.graphs = graphs;
  }

  /** A run of fields of one number. */
  private record Run(int field, long start, long end) {}

  /** What one message says. */
  private static final class Fields {
    String name = "";
    String docString = "";
    String reference = "";
    int type;
    float f;
    long i;
    Bytes s = new Bytes("");
    @Nullable Initializer t;
    @Nullable Graph g;
    @Nullable SparseInitializer sparse;
    final List<Float> floats = new ArrayList<>(0);
    final List<Long> ints = new ArrayList<>(0);
    final List<Bytes> strings = new ArrayList<>(0);
    final List<Initializer> tensors = new ArrayList<>(0);
    final List<Graph> graphs = new ArrayList<>(0);
    final List<Run> runs = new ArrayList<>(2);
    final ExtraFields extras = new ExtraFields();
  }

  /**
   * Reads an attribute to the end of its message.
   *
   * @param owner its node, for messages
   */
  Attribute read(String owner) {
    Fields f = new Fields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 | WireReader.BYTES -> f.name = in.text("the name of an attribute");
        case 13 << 3 | WireReader.BYTES -> {
          String text = in.textOrNull();
          if (text == null) {
            f.extras.keep(in, start, in.position());
          } else {
            f.docString = text;
          }
        }
        case 20 << 3 -> f.type = (int) in.varint();
        case 21 << 3 | WireReader.BYTES -> f.reference = in.text("the name of an attribute");
        default -> {
          if (readValue(f, tag, owner)) {
            run(f, tag >>> 3, start);
          } else {
            f.extras.keep(in, start, tag, FIELDS, "AttributeProto");
          }
        }
      }
    }
    return build(f, owner);
  }

  private boolean readValue(Fields f, int tag, String owner) {
    switch (tag) {
      case 2 << 3 | WireReader.FIXED32 -> f.f = Float.intBitsToFloat(in.fixed32());
      case 3 << 3 -> f.i = in.varint();
      case 4 << 3 | WireReader.BYTES -> f.s = Bytes.of(in.bytes());
      case 7 << 3 | WireReader.FIXED32 -> addFloat(f);
      case 8 << 3 -> addInt(f);
      case 9 << 3 | WireReader.BYTES -> {
        in.budget().take(HeapBudget.STRING);
        f.strings.add(Bytes.of(in.bytes()));
      }
      case 7 << 3 | WireReader.BYTES, 8 << 3 | WireReader.BYTES -> {
        long outer = in.enter();
        while (!in.atEnd()) {
          if (tag >>> 3 == 7) {
            addFloat(f);
          } else {
            addInt(f);
          }
        }
        in.leave(outer);
      }
      case 5 << 3 | WireReader.BYTES,
          6 << 3 | WireReader.BYTES,
          10 << 3 | WireReader.BYTES,
          11 << 3 | WireReader.BYTES,
          22 << 3 | WireReader.BYTES -> {
        long outer = in.enter();
        readMessage(f, tag >>> 3, owner);
        in.leave(outer);
      }
      // Types and lists of sparse tensors: no operator that we change has them.
      case 14 << 3 | WireReader.BYTES, 15 << 3 | WireReader.BYTES, 23 << 3 | WireReader.BYTES ->
          in.skip(tag);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void addFloat(Fields f) {
    in.budget().take(HeapBudget.NUMBER);
    f.floats.add(Float.intBitsToFloat(in.fixed32()));
  }

  private void addInt(Fields f) {
    in.budget().take(HeapBudget.NUMBER);
    f.ints.add(in.varint());
  }

  private void readMessage(Fields f, int field, String owner) {
    boolean second =
        switch (field) {
          case 5 -> f.t != null;
          case 6 -> f.g != null;
          case 22 -> f.sparse != null;
          default -> false;
        };
    if (second) {
      throw in.malformed("a second value of attribute " + f.name + " of node " + owner);
    }
    switch (field) {
      case 5 -> f.t = tensors.read(owner, f.name);
      case 6 -> f.g = graphs.readSubgraph(owner);
      case 10 -> f.tensors.add(tensors.read(owner, f.name));
      case 11 -> f.graphs.add(graphs.readSubgraph(owner));
      default -> f.sparse = tensors.readSparse(owner, f.name);
    }
  }

  private void run(Fields f, int field, long start) {
    int last = f.runs.size() - 1;
    if (last >= 0 && f.runs.get(last).field() == field && f.runs.get(last).end() == start) {
      f.runs.set(last, new Run(field, f.runs.get(last).start(), in.position()));
    } else {
      in.budget().take(HeapBudget.NUMBER);
      f.runs.add(new Run(field, start, in.position()));
    }
  }

  private Attribute build(Fields f, String owner) {
    int type = f.type;
    if (type == 0 && f.runs.size() == 1 && f.reference.isEmpty()) {
      type = typeOfField(f.runs.get(0).field()); // files before IR 2 did not say
    }
    AttributeValue value =
        f.reference.isEmpty()
            ? value(f, type, owner)
            : new AttributeValue.ReferenceValue(f.reference, type);
    boolean held =
        !(value instanceof AttributeValue.OpaqueValue)
            && !(value instanceof AttributeValue.ReferenceValue);
    for (Run run : f.runs) {
      if (!held || typeOfField(run.field()) != type) {
        f.extras.keep(in, run.start(), run.end());
      }
    }
    return new Attribute(f.name, value, f.docString, f.extras.build());
  }

  private AttributeValue value(Fields f, int type, String owner) {
    return switch (type) {
      case 1 -> new AttributeValue.FloatValue(f.f);
      case 2 -> new AttributeValue.IntValue(f.i);
      case 3 -> new AttributeValue.StringValue(f.s);
      case 4 -> new AttributeValue.TensorValue(given(f.t, f, owner));
      case 5 -> new AttributeValue.GraphValue(given(f.g, f, owner));
      case 6 -> new AttributeValue.FloatsValue(f.floats);
      case 7 -> new AttributeValue.IntsValue(f.ints);
      case 8 -> new AttributeValue.StringsValue(f.strings);
      case 9 -> new AttributeValue.TensorsValue(f.tensors);
      case 10 -> new AttributeValue.GraphsValue(f.graphs);
      case 11 -> new AttributeValue.SparseTensorValue(given(f.sparse, f, owner));
      default -> new AttributeValue.OpaqueValue(type);
    };
  }

  private <T> T given(@Nullable T value, Fields f, String owner) {
    if (value == null) {
      throw in.malformed("attribute " + f.name + " of node " + owner + " without its value,");
    }
    return value;
  }

  /** The ONNX {@code AttributeType} whose values are in a field. */
  private static int typeOfField(int field) {
    return switch (field) {
      case 2 -> 1;
      case 3 -> 2;
      case 4 -> 3;
      case 5 -> 4;
      case 6 -> 5;
      case 7 -> 6;
      case 8 -> 7;
      case 9 -> 8;
      case 10 -> 9;
      case 11 -> 10;
      case 14 -> 13;
      case 15 -> 14;
      case 22 -> 11;
      case 23 -> 12;
      default -> 0;
    };
  }
}
