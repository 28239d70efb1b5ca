package dev.compress.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import java.util.Map;

/** Small models made by protobuf's own code, to be read by ours. */
final class TinyModels {
  private TinyModels() {}

  /** y = x + w, with w as given. */
  static ModelProto adding(TensorProto w) {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
        .setGraph(
            GraphProto.newBuilder()
                .setName("g")
                .addNode(
                    NodeProto.newBuilder()
                        .setName("add")
                        .setOpType("Add")
                        .addInput("x")
                        .addInput("w")
                        .addOutput("y"))
                .addInitializer(w)
                .addInput(value("x", 2))
                .addOutput(value("y", 2)))
        .build();
  }

  /** A float vector's declaration. */
  static ValueInfoProto value(String name, long size) {
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(1)
                        .setShape(
                            TensorShapeProto.newBuilder()
                                .addDim(
                                    TensorShapeProto.Dimension.newBuilder().setDimValue(size)))))
        .build();
  }

  /** A float vector as raw data. */
  static TensorProto.Builder vector(String name, int size) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(1)
        .addDims(size)
        .setRawData(ByteString.copyFrom(new byte[4 * size]));
  }

  /** A float vector in another file. */
  static TensorProto external(String name, int size, Map<String, String> entries) {
    TensorProto.Builder tensor = vector(name, size).clearRawData();
    tensor.setDataLocation(TensorProto.DataLocation.EXTERNAL);
    entries.forEach(
        (key, value) ->
            tensor.addExternalData(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return tensor.build();
  }

  /** A node whose attribute is a graph that holds such a node, and so on. */
  static ModelProto nested(int depth) {
    GraphProto graph = GraphProto.newBuilder().setName("deepest").build();
    for (int i = 0; i < depth; i++) {
      graph =
          GraphProto.newBuilder()
              .addNode(
                  NodeProto.newBuilder()
                      .setOpType("If")
                      .addAttribute(
                          AttributeProto.newBuilder()
                              .setName("then_branch")
                              .setType(AttributeProto.AttributeType.GRAPH)
                              .setG(graph)))
              .build();
    }
    return adding(vector("w", 2).build()).toBuilder().setGraph(graph).build();
  }

  /** The one initializer of a model, as our code reads it. */
  static Initializer initializer(ModelProto model) {
    OnnxModel read = OnnxReader.read(model.toByteArray());
    return read.graph().initializers().get(0);
  }
}
