package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorAnnotation;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TrainingInfoProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is newer than this code, or rare, survives reading and writing. */
class UnknownFieldsTest {
  /** One field of each wire type, a group among them, under numbers that ONNX does not use. */
  private static final UnknownFieldSet UNKNOWN =
      UnknownFieldSet.newBuilder()
          .addField(61, UnknownFieldSet.Field.newBuilder().addVarint(-5).addVarint(7).build())
          .addField(62, UnknownFieldSet.Field.newBuilder().addFixed32(5).build())
          .addField(70, UnknownFieldSet.Field.newBuilder().addFixed64(6).build())
          .addField(
              1000,
              UnknownFieldSet.Field.newBuilder()
                  .addLengthDelimited(ByteString.copyFromUtf8("new"))
                  .addLengthDelimited(ByteString.EMPTY)
                  .build())
          .addField(
              1001,
              UnknownFieldSet.Field.newBuilder()
                  .addGroup(
                      UnknownFieldSet.newBuilder()
                          .addField(
                              1,
                              UnknownFieldSet.Field.newBuilder()
                                  .addGroup(UnknownFieldSet.getDefaultInstance())
                                  .build())
                          .build())
                  .build())
          .build();

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static final StringStringEntryProto WITH_UNKNOWN =
      entry("k9", "v9").toBuilder().setUnknownFields(UNKNOWN).build();

  private static TypeProto type(boolean unknownInside) {
    TypeProto.Builder type = TypeProto.newBuilder().setDenotation("IMAGE");
    TensorShapeProto.Dimension.Builder dim =
        TensorShapeProto.Dimension.newBuilder().setDimParam("batch").setDenotation("DATA_BATCH");
    if (unknownInside) {
      dim.setUnknownFields(UNKNOWN);
    }
    return type.setTensorType(
            TypeProto.Tensor.newBuilder()
                .setElemType(99)
                .setShape(
                    TensorShapeProto.newBuilder()
                        .addDim(dim)
                        .addDim(TensorShapeProto.Dimension.getDefaultInstance())
                        .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(-1))))
        .setUnknownFields(UNKNOWN)
        .build();
  }

  private static ValueInfoProto value(String name, TypeProto type) {
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(type)
        .setDocString("doc")
        .addMetadataProps(entry("k", "v"))
        .setUnknownFields(UNKNOWN)
        .build();
  }

  private static TypeProto sequence() {
    return TypeProto.newBuilder()
        .setSequenceType(TypeProto.Sequence.newBuilder().setElemType(type(true)))
        .build();
  }

  private static TensorProto tensor(String name) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(99)
        .addDims(3)
        .setRawData(ByteString.copyFromUtf8("seven b"))
        .setDocString("doc")
        .addMetadataProps(entry("k", "v"))
        .setUnknownFields(UNKNOWN)
        .build();
  }

  private static AttributeProto.Builder attribute(String name) {
    return AttributeProto.newBuilder().setName(name).setUnknownFields(UNKNOWN);
  }

  private static NodeProto node() {
    GraphProto inner =
        GraphProto.newBuilder()
            .setName("inner")
            .addNode(NodeProto.newBuilder().setOpType("Relu").setUnknownFields(UNKNOWN))
            .addInitializer(tensor("in"))
            .setUnknownFields(UNKNOWN)
            .build();
    return NodeProto.newBuilder()
        .setName("n")
        .setOpType("Op")
        .setDomain("custom")
        .setOverload("o")
        .setDocString("doc")
        .addInput("x")
        .addInput("")
        .addOutput("y")
        .addMetadataProps(entry("k", "v"))
        .addAttribute(attribute("f").setType(AttributeProto.AttributeType.FLOAT).setF(-0f))
        .addAttribute(attribute("i").setType(AttributeProto.AttributeType.INT).setI(-1))
        .addAttribute(
            attribute("s")
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFrom(new byte[] {(byte) 0xff, 0, 65})))
        .addAttribute(attribute("t").setType(AttributeProto.AttributeType.TENSOR).setT(tensor("")))
        .addAttribute(attribute("g").setType(AttributeProto.AttributeType.GRAPH).setG(inner))
        .addAttribute(
            attribute("fs").setType(AttributeProto.AttributeType.FLOATS).addFloats(1).addFloats(2))
        .addAttribute(
            attribute("is").setType(AttributeProto.AttributeType.INTS).addInts(1).addInts(-2))
        .addAttribute(attribute("none").setType(AttributeProto.AttributeType.INTS))
        .addAttribute(
            attribute("ss")
                .setType(AttributeProto.AttributeType.STRINGS)
                .addStrings(ByteString.copyFromUtf8("a"))
                .addStrings(ByteString.EMPTY))
        .addAttribute(
            attribute("ts").setType(AttributeProto.AttributeType.TENSORS).addTensors(tensor("a")))
        .addAttribute(
            attribute("gs")
                .setType(AttributeProto.AttributeType.GRAPHS)
                .addGraphs(inner)
                .addGraphs(inner))
        .addAttribute(
            attribute("st")
                .setType(AttributeProto.AttributeType.SPARSE_TENSOR)
                .setSparseTensor(sparse()))
        .addAttribute(
            attribute("sts")
                .setType(AttributeProto.AttributeType.SPARSE_TENSORS)
                .addSparseTensors(sparse()))
        .addAttribute(
            attribute("tp").setType(AttributeProto.AttributeType.TYPE_PROTO).setTp(sequence()))
        .addAttribute(
            attribute("tps")
                .setType(AttributeProto.AttributeType.TYPE_PROTOS)
                .addTypeProtos(sequence()))
        .addAttribute(
            attribute("ref")
                .setType(AttributeProto.AttributeType.INT)
                .setRefAttrName("outer")
                .setDocString("doc"))
        .setUnknownFields(UNKNOWN)
        .build();
  }

  private static SparseTensorProto sparse() {
    return SparseTensorProto.newBuilder()
        .setValues(TinyModels.vector("sparse", 2))
        .setIndices(
            TensorProto.newBuilder()
                .setDataType(7)
                .addDims(2)
                .setRawData(ByteString.copyFrom(new byte[16])))
        .addDims(5)
        .setUnknownFields(UNKNOWN)
        .build();
  }

  private static ModelProto everything() {
    GraphProto graph =
        GraphProto.newBuilder()
            .setName("g")
            .setDocString("doc")
            .addNode(node())
            .addInitializer(tensor("w"))
            .addInitializer(TinyModels.vector("big", 5000))
            .addSparseInitializer(sparse())
            .addInput(value("x", type(false)))
            .addInput(value("z", type(true)))
            .addOutput(value("y", sequence()))
            .addValueInfo(ValueInfoProto.newBuilder().setName("h"))
            .addQuantizationAnnotation(
                TensorAnnotation.newBuilder()
                    .setTensorName("x")
                    .addQuantParameterTensorNames(entry("SCALE_TENSOR", "s")))
            .addMetadataProps(entry("k", "v"))
            .addMetadataProps(entry("k2", "v2"))
            .setUnknownFields(UNKNOWN)
            .build();
    return ModelProto.newBuilder()
        .setIrVersion(13)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(26))
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("custom").setVersion(3))
        .setProducerName("test")
        .setProducerVersion("1")
        .setDomain("org.example")
        .setModelVersion(-4)
        .setDocString("doc")
        .setGraph(graph)
        .addMetadataProps(entry("k", "v"))
        .addMetadataProps(entry("k", "again"))
        .addMetadataProps(WITH_UNKNOWN)
        .addTrainingInfo(TrainingInfoProto.newBuilder().setAlgorithm(graph))
        .addFunctions(
            FunctionProto.newBuilder()
                .setName("f")
                .setDomain("custom")
                .addInput("a")
                .addOutput("b")
                .addAttribute("p")
                .addAttributeProto(attribute("q").setI(3))
                .addNode(node())
                .setDocString("doc")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(26))
                .setUnknownFields(UNKNOWN))
        .setUnknownFields(
            UNKNOWN.toBuilder()
                .addField( // IR 11: device configurations
                    26,
                    UnknownFieldSet.Field.newBuilder()
                        .addLengthDelimited(ByteString.copyFromUtf8("\n\1d"))
                        .build())
                .build())
        .build();
  }

  @Test
  void everythingSurvives() throws Exception {
    ModelProto model = everything();
    OnnxModel read = OnnxReader.read(model.toByteArray());
    byte[] written = OnnxWriter.toBytes(read);
    ModelProto again = ModelProto.parseFrom(written);
    assertThat(OnnxMlComparison.normalised(again).toString())
        .isEqualTo(OnnxMlComparison.normalised(model).toString());
    assertThat(OnnxMlComparison.normalised(again)).isEqualTo(OnnxMlComparison.normalised(model));
    // A second time nothing changes any more, down to the byte.
    assertThat(OnnxWriter.toBytes(OnnxReader.read(written))).isEqualTo(written);
  }

  @Test
  void theRecordsHoldWhatIsKnown() {
    OnnxModel read = OnnxReader.read(everything().toByteArray());
    Node node = read.graph().nodes().get(0);
    assertThat(node.attributes())
        .extracting(a -> a.value().getClass().getSimpleName())
        .containsExactly(
            "FloatValue",
            "IntValue",
            "StringValue",
            "TensorValue",
            "GraphValue",
            "FloatsValue",
            "IntsValue",
            "IntsValue",
            "StringsValue",
            "TensorsValue",
            "GraphsValue",
            "SparseTensorValue",
            "OpaqueValue",
            "OpaqueValue",
            "OpaqueValue",
            "ReferenceValue");
    assertThat(node.intsAttribute("is").orElseThrow()).containsExactly(1L, -2L);
    assertThat(node.attribute("ref").orElseThrow().value())
        .isEqualTo(new AttributeValue.ReferenceValue("outer", 2));
    assertThat(read.metadata()).containsEntry("k", "v").hasSize(1);
    assertThat(read.graph().metadata())
        .containsExactly(java.util.Map.entry("k", "v"), java.util.Map.entry("k2", "v2"));
    assertThat(read.graph().inputs().get(0).type()).hasToString("type(99)[batch, ?, -1]");
    assertThat(read.graph().inputs().get(1).type()).isInstanceOf(ValueType.Other.class);
    assertThat(read.graph().outputs().get(0).type()).hasToString("sequence");
    assertThat(read.graph().valueInfos().get(0).type()).isInstanceOf(ValueType.Undeclared.class);
    assertThat(read.functions().get(0).nodes()).extracting(Node::opType).containsExactly("Op");
    assertThat(read.opset("custom")).isEqualTo(3);
  }

  @Test
  void newerTypesInTypedFieldsAreKeptToo() throws Exception {
    TensorProto tensor =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(99)
            .addDims(2)
            .addInt32Data(300)
            .addInt32Data(-1)
            .build();
    ModelProto model = TinyModels.adding(tensor);
    byte[] written = OnnxWriter.toBytes(OnnxReader.read(model.toByteArray()));
    assertThat(ModelProto.parseFrom(written).getGraph().getInitializer(0)).isEqualTo(tensor);
  }

  @Test
  void theTwoNamesOfTheOnnxDomainAreOne() throws Exception {
    ModelProto.Builder model = TinyModels.adding(TinyModels.vector("w", 2).build()).toBuilder();
    model.getOpsetImportBuilder(0).setDomain("ai.onnx");
    model.getGraphBuilder().getNodeBuilder(0).setDomain("ai.onnx");
    OnnxModel read = OnnxReader.read(model.build().toByteArray());
    assertThat(read.opset()).isEqualTo(17);
    assertThat(read.graph().nodes().get(0).is("Add")).isTrue();

    model.addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17));
    assertThat(OnnxReader.read(model.build().toByteArray()).opsets()).hasSize(1);
    model.addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(16));
    byte[] two = model.build().toByteArray();
    assertThatThrownBy(() -> OnnxReader.read(two))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContainingAll("ai.onnx", "16", "17");
  }

  @Test
  void attributesOfOldFilesThatDoNotSayTheirTypeAreUnderstood() {
    ModelProto.Builder model = TinyModels.adding(TinyModels.vector("w", 2).build()).toBuilder();
    model
        .getGraphBuilder()
        .getNodeBuilder(0)
        .addAttribute(AttributeProto.newBuilder().setName("axis").setI(3))
        .addAttribute(AttributeProto.newBuilder().setName("both").setI(3).setF(1));
    Node node = OnnxReader.read(model.build().toByteArray()).graph().nodes().get(0);
    assertThat(node.intAttribute("axis", 0)).isEqualTo(3);
    assertThat(node.attribute("both").orElseThrow().value())
        .isEqualTo(new AttributeValue.OpaqueValue(0));
  }

  @Test
  void textThatIsNoUtf8IsKeptWhereItIsOnlyForPeople() throws Exception {
    UnknownFieldSet latin1 =
        UnknownFieldSet.newBuilder()
            .addField(
                6,
                UnknownFieldSet.Field.newBuilder()
                    .addLengthDelimited(ByteString.copyFrom(new byte[] {(byte) 0xe9}))
                    .build())
            .build();
    ModelProto model =
        TinyModels.adding(TinyModels.vector("w", 2).build()).toBuilder()
            .setUnknownFields(latin1)
            .build();
    byte[] written = OnnxWriter.toBytes(OnnxReader.read(model.toByteArray()));
    assertThat(ModelProto.parseFrom(written).getDocStringBytes())
        .isEqualTo(ByteString.copyFrom(new byte[] {(byte) 0xe9}));
  }

  @ParameterizedTest(name = "IR {0}")
  @ValueSource(ints = {3, 4, 8, 12, 13})
  void irVersionsThatAreRead(int version) {
    ModelProto model =
        TinyModels.adding(TinyModels.vector("w", 2).build()).toBuilder()
            .setIrVersion(version)
            .build();
    assertThat(OnnxReader.read(model.toByteArray()).irVersion()).isEqualTo(version);
  }

  @Test
  void otherVersionsAreRefusedByName() {
    ModelProto model = TinyModels.adding(TinyModels.vector("w", 2).build());
    for (int version : new int[] {14, 99}) {
      assertThatThrownBy(
              () -> OnnxReader.read(model.toBuilder().setIrVersion(version).build().toByteArray()))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("IR version " + version);
    }
    for (int version : new int[] {0, 1, 2, -1}) {
      assertThatThrownBy(
              () -> OnnxReader.read(model.toBuilder().setIrVersion(version).build().toByteArray()))
          .isInstanceOf(InvalidModelException.class);
    }
    for (int version : new int[] {6, 27, 0}) {
      ModelProto other =
          model.toBuilder()
              .setOpsetImport(0, OperatorSetIdProto.newBuilder().setVersion(version))
              .build();
      assertThatThrownBy(() -> OnnxReader.read(other.toByteArray()))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("operator set " + version);
    }
    byte[] none = model.toBuilder().clearOpsetImport().build().toByteArray();
    assertThatThrownBy(() -> OnnxReader.read(none))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("opset_import");
  }
}
