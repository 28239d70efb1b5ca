package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.SparseInitializer;
import dev.compress.graph.ValueInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code GraphProto} and {@code NodeProto}. */
final class GraphReader {
  private static final long GRAPH_FIELDS = ExtraFields.fields(1, 2, 5, 10, 11, 12, 13, 14, 15, 16);
  private static final long NODE_FIELDS = ExtraFields.fields(1, 2, 3, 4, 5, 6, 7, 8);
  private static final long ENTRY_FIELDS = ExtraFields.fields(1, 2);

  /** Deeper than any real model, and far from the end of the stack. */
  private static final int MAX_DEPTH = 64;

  private final WireReader in;
  private final TensorReader tensors;
  private final TypeReader types;
  private final AttributeReader attributes;
  private int depth;

  GraphReader(WireReader in, TensorReader tensors) {
    this.in = in;
    this.tensors = tensors;
    this.types = new TypeReader(in);
    this.attributes = new AttributeReader(in, tensors, this);
  }

  /** Reads the graph of a node's attribute. */
  Graph readSubgraph(String owner) {
    if (depth == MAX_DEPTH) {
      throw new InvalidModelException(
          in.name()
              + ": subgraphs are nested more than "
              + MAX_DEPTH
              + " deep at node "
              + owner
              + ". The file is damaged: fetch or export it again.");
    }
    depth++;
    Graph graph = read();
    depth--;
    return graph;
  }

  /** Reads a graph to the end of its message. */
  Graph read() {
    String name = "";
    String docString = "";
    List<Node> nodes = new ArrayList<>();
    List<Initializer> initializers = new ArrayList<>();
    List<SparseInitializer> sparse = new ArrayList<>(0);
    List<ValueInfo> inputs = new ArrayList<>();
    List<ValueInfo> outputs = new ArrayList<>();
    List<ValueInfo> valueInfos = new ArrayList<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    ExtraFields extras = new ExtraFields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      long outer;
      switch (tag) {
        case 1 << 3 | WireReader.BYTES -> {
          outer = in.enter();
          nodes.add(readNode());
          in.leave(outer);
        }
        case 2 << 3 | WireReader.BYTES -> name = in.text("the name of a graph");
        case 5 << 3 | WireReader.BYTES -> {
          outer = in.enter();
          initializers.add(tensors.read("an initializer", ""));
          in.leave(outer);
        }
        case 10 << 3 | WireReader.BYTES -> {
          String text = in.textOrNull();
          if (text == null) {
            extras.keep(in, start, in.position());
          } else {
            docString = text;
          }
        }
        case 11 << 3 | WireReader.BYTES -> inputs.add(value());
        case 12 << 3 | WireReader.BYTES -> outputs.add(value());
        case 13 << 3 | WireReader.BYTES -> valueInfos.add(value());
        case 14 << 3 | WireReader.BYTES -> {
          in.skip(tag); // quantization annotations
          extras.keep(in, start, in.position());
        }
        case 15 << 3 | WireReader.BYTES -> {
          outer = in.enter();
          sparse.add(tensors.readSparse("a sparse initializer", ""));
          in.leave(outer);
        }
        case 16 << 3 | WireReader.BYTES -> readEntry(start, metadata, extras);
        default -> extras.keep(in, start, tag, GRAPH_FIELDS, "GraphProto");
      }
    }
    return new Graph(
        name,
        nodes,
        initializers,
        sparse,
        inputs,
        outputs,
        valueInfos,
        docString,
        metadata,
        extras.build());
  }

  private ValueInfo value() {
    long outer = in.enter();
    ValueInfo value = types.readValue();
    in.leave(outer);
    return value;
  }

  /** Reads a node to the end of its message. */
  Node readNode() {
    String name = "";
    String opType = "";
    String domain = "";
    String overload = "";
    String docString = "";
    List<String> inputs = new ArrayList<>(4);
    List<String> outputs = new ArrayList<>(1);
    List<Attribute> read = new ArrayList<>(0);
    ExtraFields extras = new ExtraFields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 | WireReader.BYTES -> inputs.add(valueName());
        case 2 << 3 | WireReader.BYTES -> outputs.add(valueName());
        case 3 << 3 | WireReader.BYTES -> name = in.text("the name of a node");
        case 4 << 3 | WireReader.BYTES -> opType = in.text("an op type");
        case 5 << 3 | WireReader.BYTES -> {
          long outer = in.enter();
          read.add(attributes.read(name.isEmpty() ? opType : name));
          in.leave(outer);
        }
        case 6 << 3 | WireReader.BYTES -> {
          String text = in.textOrNull();
          if (text == null) {
            extras.keep(in, start, in.position());
          } else {
            docString = text;
          }
        }
        case 7 << 3 | WireReader.BYTES -> domain = domain(in.text("the domain of a node"));
        case 8 << 3 | WireReader.BYTES -> overload = in.text("the overload of a node");
        default -> extras.keep(in, start, tag, NODE_FIELDS, "NodeProto");
      }
    }
    return new Node(
        name, opType, domain, overload, inputs, outputs, read, docString, extras.build());
  }

  private String valueName() {
    in.budget().take(8);
    return in.text("the name of a value");
  }

  /** The ONNX domain has two names that mean the same. */
  static String domain(String domain) {
    return domain.equals("ai.onnx") ? "" : domain;
  }

  /**
   * Reads a key-value pair whose tag was read. One that the map cannot hold (a key that is there
   * already, no UTF-8, more fields) is kept as it stands, with all that follow, since of equal keys
   * the last one counts.
   */
  void readEntry(long start, Map<String, String> map, ExtraFields extras) {
    String key = "";
    String value = "";
    boolean plain = true;
    long outer = in.enter();
    while (!in.atEnd()) {
      int tag = in.tag();
      @Nullable String text = null;
      if ((tag & 7) == WireReader.BYTES && tag >>> 3 <= 2) {
        text = in.textOrNull();
      } else if (tag >>> 3 < 64 && (ENTRY_FIELDS >>> (tag >>> 3) & 1) != 0) {
        throw in.malformed("a key-value pair with the wrong wire type");
      } else {
        in.skip(tag);
      }
      plain &= text != null;
      if (text != null && tag >>> 3 == 1) {
        key = text;
      } else if (text != null) {
        value = text;
      }
    }
    in.leave(outer);
    if (!plain || extras.hasEntries() || map.putIfAbsent(key, value) != null) {
      extras.keepEntry(in, start, in.position());
    }
  }
}
