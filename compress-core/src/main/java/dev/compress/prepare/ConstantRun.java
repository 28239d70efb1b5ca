package dev.compress.prepare;

import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Computes values from constants in ONNX Runtime. */
final class ConstantRun {
  private ConstantRun() {}

  /**
   * Runs nodes once.
   *
   * @param model whose operator sets the nodes are of
   * @param nodes in execution order, none of which reads anything else
   * @param leaves the constants that they read
   * @param wanted the values to return
   */
  static Map<String, Tensor> of(
      OnnxModel model, List<Node> nodes, Map<String, Tensor> leaves, List<String> wanted) {
    List<ValueInfo> inputs = new ArrayList<>();
    Map<String, TensorBuffer> data = new LinkedHashMap<>();
    leaves.forEach(
        (name, tensor) -> {
          List<Dim> dims = new ArrayList<>();
          for (long dim : tensor.shape().toArray()) {
            dims.add(Dim.of(dim));
          }
          inputs.add(ValueInfo.of(name, ValueType.tensor(tensor.type(), dims)));
          data.put(name, TensorBuffer.of(tensor));
        });
    List<ValueInfo> outputs =
        wanted.stream().map(name -> ValueInfo.of(name, new ValueType.Undeclared())).toList();
    OnnxModel part =
        model
            .withGraph(Graph.of("constants", nodes, List.of(), inputs, outputs))
            .withIrVersion(Math.max(model.irVersion(), IrVersions.FREE_INITIALIZERS));
    SessionOptions options =
        SessionOptions.of(1).withOptimization(OptimizationLevel.NONE).withMemoryArena(false);
    try (InferenceSession session =
        InferenceSession.open(OnnxWriter.toBytes(part), options, "constants")) {
      List<String> numeric = session.tensorOutputs().stream().filter(wanted::contains).toList();
      Map<String, Tensor> values = new LinkedHashMap<>();
      session.run(data, numeric).forEach((name, value) -> values.put(name, value.toTensor()));
      return values;
    }
  }
}
