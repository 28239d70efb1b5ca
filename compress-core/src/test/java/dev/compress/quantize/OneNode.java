package dev.compress.quantize;

import ai.onnx.proto.OnnxMl;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a single ONNX operator in ONNX Runtime: the independent opinion on what it computes. */
final class OneNode {
  private final OnnxMl.NodeProto.Builder node;
  private final OnnxMl.GraphProto.Builder graph = OnnxMl.GraphProto.newBuilder().setName("g");
  private final List<OnnxMl.TensorProto> initializers = new ArrayList<>();

  OneNode(String op) {
    node = OnnxMl.NodeProto.newBuilder().setOpType(op).addOutput("y");
  }

  OneNode attribute(String name, long... values) {
    OnnxMl.AttributeProto.Builder attribute = OnnxMl.AttributeProto.newBuilder().setName(name);
    if (values.length == 1) {
      attribute.setI(values[0]).setType(OnnxMl.AttributeProto.AttributeType.INT);
    } else {
      for (long value : values) {
        attribute.addInts(value);
      }
      attribute.setType(OnnxMl.AttributeProto.AttributeType.INTS);
    }
    node.addAttribute(attribute);
    return this;
  }

  /** The run-time input; float. */
  OneNode input() {
    node.addInput("x");
    graph.addInput(value("x", 1));
    return this;
  }

  OneNode constant(int type, byte[] raw, long... dims) {
    String name = "c" + initializers.size();
    OnnxMl.TensorProto.Builder tensor =
        OnnxMl.TensorProto.newBuilder()
            .setName(name)
            .setDataType(type)
            .setRawData(ByteString.copyFrom(raw));
    for (long dim : dims) {
      tensor.addDims(dim);
    }
    initializers.add(tensor.build());
    node.addInput(name);
    return this;
  }

  OneNode constant(float[] values, long... dims) {
    ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    return constant(1, raw.array(), dims);
  }

  private static OnnxMl.ValueInfoProto value(String name, int type) {
    return OnnxMl.ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            OnnxMl.TypeProto.newBuilder()
                .setTensorType(OnnxMl.TypeProto.Tensor.newBuilder().setElemType(type)))
        .build();
  }

  private byte[] model(int outputType) {
    graph.addNode(node).addAllInitializer(initializers).addOutput(value("y", outputType));
    return OnnxMl.ModelProto.newBuilder()
        .setIrVersion(10)
        .addOpsetImport(OnnxMl.OperatorSetIdProto.newBuilder().setVersion(21))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  /** The output's bytes, or its floats as little-endian bytes. */
  ByteBuffer run(int outputType, float[] x, long... dims) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
      try (OrtSession session = environment.createSession(model(outputType), options);
          OnnxTensor input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), dims);
          OrtSession.Result result =
              session.run(session.getInputNames().isEmpty() ? Map.of() : Map.of("x", input))) {
        OnnxTensor y = (OnnxTensor) result.get(0);
        ByteBuffer bytes = y.getByteBuffer();
        ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        return copy.put(bytes).flip();
      }
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  float[] runToFloats(float[] x, long... dims) {
    FloatBuffer floats = run(1, x, dims).asFloatBuffer();
    float[] values = new float[floats.remaining()];
    floats.get(values);
    return values;
  }
}
