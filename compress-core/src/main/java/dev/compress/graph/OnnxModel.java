package dev.compress.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An ONNX model. Immutable.
 *
 * @param irVersion the version of the file format
 * @param opsets the operator sets used
 * @param producerName who made it
 * @param producerVersion in which version
 * @param domain a namespace for the model, mostly empty
 * @param modelVersion of the model itself
 * @param docString for people, mostly empty
 * @param graph its graph
 * @param metadata its key-value pairs
 * @param functions its local functions
 * @param extras further fields, such as training information
 */
public record OnnxModel(
    long irVersion,
    List<OpsetImport> opsets,
    String producerName,
    String producerVersion,
    String domain,
    long modelVersion,
    String docString,
    Graph graph,
    Map<String, String> metadata,
    List<Function> functions,
    Extras extras) {
  public OnnxModel {
    opsets = List.copyOf(opsets);
    metadata = orderedCopy(metadata);
    functions = List.copyOf(functions);
  }

  /** A model of one operator set without more. */
  public static OnnxModel of(long irVersion, long opset, Graph graph) {
    return new OnnxModel(
        irVersion,
        List.of(new OpsetImport("", opset)),
        "compress",
        "",
        "",
        0,
        "",
        graph,
        Map.of(),
        List.of(),
        Extras.NONE);
  }

  static Map<String, String> orderedCopy(Map<String, String> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  /** The version of an operator set, or 0 if it is not used. */
  public long opset(String opsetDomain) {
    for (OpsetImport opset : opsets) {
      if (opset.domain().equals(opsetDomain)) {
        return opset.version();
      }
    }
    return 0;
  }

  /** The version of the ONNX operator set. */
  public long opset() {
    return opset("");
  }

  /** The same model with another graph; this one if the graph is the same instance. */
  public OnnxModel withGraph(Graph newGraph) {
    return newGraph == graph
        ? this
        : new OnnxModel(
            irVersion,
            opsets,
            producerName,
            producerVersion,
            domain,
            modelVersion,
            docString,
            newGraph,
            metadata,
            functions,
            extras);
  }

  /** The same model with an operator set added or replaced. */
  public OnnxModel withOpset(String opsetDomain, long version) {
    List<OpsetImport> changed = new ArrayList<>();
    boolean found = false;
    for (OpsetImport opset : opsets) {
      boolean same = opset.domain().equals(opsetDomain);
      found |= same;
      changed.add(same ? new OpsetImport(opsetDomain, version) : opset);
    }
    if (!found) {
      changed.add(new OpsetImport(opsetDomain, version));
    }
    return new OnnxModel(
        irVersion,
        changed,
        producerName,
        producerVersion,
        domain,
        modelVersion,
        docString,
        graph,
        metadata,
        functions,
        extras);
  }

  /** The same model in another version of the file format. */
  public OnnxModel withIrVersion(long version) {
    return new OnnxModel(
        version,
        opsets,
        producerName,
        producerVersion,
        domain,
        modelVersion,
        docString,
        graph,
        metadata,
        functions,
        extras);
  }

  /** The same model with other key-value pairs. */
  public OnnxModel withMetadata(Map<String, String> newMetadata) {
    return new OnnxModel(
        irVersion,
        opsets,
        producerName,
        producerVersion,
        domain,
        modelVersion,
        docString,
        graph,
        newMetadata,
        functions,
        extras);
  }
}
