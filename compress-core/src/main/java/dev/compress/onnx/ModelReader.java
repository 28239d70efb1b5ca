package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Extras;
import dev.compress.graph.Function;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.OpsetImport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code ModelProto} and {@code FunctionProto}, and checks the versions. */
final class ModelReader {
  private static final long MODEL_FIELDS =
      ExtraFields.fields(1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26);
  private static final long FUNCTION_FIELDS =
      ExtraFields.fields(1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
  private static final long OPSET_FIELDS = ExtraFields.fields(1, 2);

  private final WireReader in;
  private final TensorReader tensors;
  private final GraphReader graphs;

  ModelReader(WireReader in, ExternalFiles external) {
    this.in = in;
    this.tensors = new TensorReader(in, external);
    this.graphs = new GraphReader(in, tensors);
  }

  /** Reads a model to the end of the file. */
  OnnxModel read() {
    long irVersion = 0;
    String producerName = "";
    String producerVersion = "";
    String domain = "";
    long modelVersion = 0;
    String docString = "";
    Graph graph = null;
    List<OpsetImport> opsets = new ArrayList<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    List<Function> functions = new ArrayList<>();
    ExtraFields extras = new ExtraFields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 -> irVersion = in.varint();
        case 2 << 3 | WireReader.BYTES -> producerName = in.text("the producer's name");
        case 3 << 3 | WireReader.BYTES -> producerVersion = in.text("the producer's version");
        case 4 << 3 | WireReader.BYTES -> domain = in.text("the model's domain");
        case 5 << 3 -> modelVersion = in.varint();
        case 6 << 3 | WireReader.BYTES -> {
          String text = in.textOrNull();
          if (text == null) {
            extras.keep(in, start, in.position());
          } else {
            docString = text;
          }
        }
        case 7 << 3 | WireReader.BYTES -> {
          if (graph != null) {
            throw in.malformed("a second graph");
          }
          long outer = in.enter();
          graph = graphs.read();
          in.leave(outer);
        }
        case 8 << 3 | WireReader.BYTES -> opset(opsets);
        case 14 << 3 | WireReader.BYTES -> graphs.readEntry(start, metadata, extras);
        case 20 << 3 | WireReader.BYTES, 26 << 3 | WireReader.BYTES -> {
          in.skip(tag); // training information, device configurations
          extras.keep(in, start, in.position());
        }
        case 25 << 3 | WireReader.BYTES -> functions.add(function());
        default -> extras.keep(in, start, tag, MODEL_FIELDS, "ModelProto");
      }
    }
    checkVersions(irVersion, opsets);
    if (graph == null) {
      throw new InvalidModelException(
          in.name() + " is not a valid ONNX model: it holds no graph. Fetch or export it again.");
    }
    return new OnnxModel(
        irVersion,
        opsets,
        producerName,
        producerVersion,
        domain,
        modelVersion,
        docString,
        graph,
        metadata,
        functions,
        extras.build());
  }

  private void checkVersions(long irVersion, List<OpsetImport> opsets) {
    if (irVersion <= 0) {
      throw new InvalidModelException(
          in.name()
              + " is not a valid ONNX model: it names no version of the format. It is damaged or no"
              + " ONNX file: fetch or export it again.");
    }
    if (irVersion < OnnxReader.OLDEST_IR) {
      throw new InvalidModelException(
          in.name()
              + " has IR version "
              + irVersion
              + ", an experimental form of ONNX of 2017 that does not say which operators it means."
              + " Export it again with a current exporter.");
    }
    if (opsets.isEmpty()) {
      throw new InvalidModelException(
          in.name()
              + " imports no operator set (opset_import), so its operators are not defined. Export"
              + " it again.");
    }
    if (irVersion > OnnxReader.NEWEST_IR) {
      throw new UnsupportedModelException(
          in.name()
              + " has IR version "
              + irVersion
              + "; known are "
              + OnnxReader.OLDEST_IR
              + " to "
              + OnnxReader.NEWEST_IR
              + ". Export it with an older version, or take a newer compress.");
    }
    for (OpsetImport opset : opsets) {
      if (!opset.domain().isEmpty()) {
        continue;
      }
      boolean old = opset.version() < OnnxReader.OLDEST_OPSET;
      if (old || opset.version() > OnnxReader.NEWEST_OPSET) {
        throw new UnsupportedModelException(
            in.name()
                + " uses ONNX operator set "
                + opset.version()
                + "; known are "
                + OnnxReader.OLDEST_OPSET
                + " to "
                + OnnxReader.NEWEST_OPSET
                + ". "
                + (old ? "Convert it with onnx.version_converter" : "Export it with an older one")
                + ".");
      }
    }
  }

  private void opset(List<OpsetImport> opsets) {
    long outer = in.enter();
    String domain = "";
    long version = 0;
    ExtraFields extras = new ExtraFields();
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 | WireReader.BYTES ->
            domain = GraphReader.domain(in.text("the domain of an operator set"));
        case 2 << 3 -> version = in.varint();
        default -> extras.keep(in, start, tag, OPSET_FIELDS, "OperatorSetIdProto");
      }
    }
    in.leave(outer);
    for (OpsetImport known : opsets) {
      if (known.domain().equals(domain)) {
        if (known.version() == version) {
          return;
        }
        throw new InvalidModelException(
            in.name()
                + " imports the operator set "
                + (domain.isEmpty() ? "ai.onnx" : domain)
                + " in two versions, "
                + known.version()
                + " and "
                + version
                + ". Export it again.");
      }
    }
    opsets.add(new OpsetImport(domain, version));
  }

  private Function function() {
    long outer = in.enter();
    long from = in.position();
    long to = in.limit();
    String name = "";
    String domain = "";
    String overload = "";
    List<Node> nodes = new ArrayList<>();
    List<OpsetImport> opsets = new ArrayList<>();
    ExtraFields ignored = new ExtraFields(); // all of it is kept below
    tensors.allowExternal(false);
    while (!in.atEnd()) {
      long start = in.position();
      int tag = in.tag();
      switch (tag) {
        case 1 << 3 | WireReader.BYTES -> name = in.text("the name of a function");
        case 7 << 3 | WireReader.BYTES -> {
          long graph = in.enter();
          nodes.add(graphs.readNode());
          in.leave(graph);
        }
        case 9 << 3 | WireReader.BYTES -> opset(opsets);
        case 10 << 3 | WireReader.BYTES ->
            domain = GraphReader.domain(in.text("the domain of a function"));
        case 13 << 3 | WireReader.BYTES -> overload = in.text("the overload of a function");
        case 4 << 3 | WireReader.BYTES,
            5 << 3 | WireReader.BYTES,
            6 << 3 | WireReader.BYTES,
            8 << 3 | WireReader.BYTES,
            11 << 3 | WireReader.BYTES,
            12 << 3 | WireReader.BYTES,
            14 << 3 | WireReader.BYTES ->
            in.skip(tag);
        default -> ignored.keep(in, start, tag, FUNCTION_FIELDS, "FunctionProto");
      }
    }
    tensors.allowExternal(true);
    in.leave(outer);
    return new Function(domain, name, overload, nodes, opsets, Extras.of(in.copy(from, to)));
  }
}
