package dev.compress.inspect;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl;
import dev.compress.error.CancelledException;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelInspectorTest {
  @TempDir Path folder;

  /** x[N,4] times a sparse 4x3, plus a bias from a Constant node, reshaped by an int64 constant. */
  private static OnnxModel small() {
    Tensor weight = Tensor.ofFloats(Shape.of(4, 3), 1, 0, 0, 2, -0f, 3, 0, 0, 0, 4, 5, 6);
    Node bias =
        Node.of(
            "Constant",
            "bias-maker",
            List.of(),
            List.of("bias"),
            Attribute.of("value", Tensor.ofFloats(Shape.of(3), 1, 2, 0)));
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "small",
            List.of(
                bias,
                Node.of("MatMul", "product", List.of("x", "w"), List.of("p")),
                Node.of("Add", "sum", List.of("p", "bias"), List.of("s")),
                Node.of("Reshape", "form", List.of("s", "shape"), List.of("y"))),
            List.of(
                Initializer.of("w", weight),
                Initializer.of("shape", Tensor.ofLongs(Shape.of(2), -1, 3))),
            List.of(
                ValueInfo.of(
                    "x", ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("N"), Dim.of(4))))),
            List.of(
                ValueInfo.of(
                    "y", ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("N"), Dim.of(3)))))));
  }

  private static Path shared(String relative) {
    Optional<Path> found = SharedData.model(relative);
    assumeTrue(found.isPresent(), SharedData.WHY_ABSENT);
    return found.orElseThrow();
  }

  private ModelInspection inspected(OnnxModel model) {
    Path file = folder.resolve("model.onnx");
    OnnxWriter.write(model, file);
    return ModelInspector.inspect(file, 1, Progress.NONE);
  }

  @Test
  void countsWhereverParametersAre() {
    assertThat(ParameterTotals.of(small())).isEqualTo(new ParameterTotals(12 + 3, (12 + 3) * 4));
    // Counted with the onnx package for Python, bodies of If included.
    OnnxModel branching = OnnxReader.read(shared("silero-vad-if/model.onnx")).model();
    assertThat(ParameterTotals.of(branching)).isEqualTo(new ParameterTotals(545_286, 2_181_144));
  }

  @Test
  void countsASmallModel() throws IOException {
    ModelInspection found = inspected(small());
    assertThat(found.schema()).isEqualTo("compress.inspect/1");
    assertThat(found.file().bytes()).isEqualTo(Files.size(folder.resolve("model.onnx")));
    assertThat(found.file().sha256()).hasSize(64);
    assertThat(found.nodes()).isEqualTo(4);
    assertThat(found.parameters()).as("without the shape").isEqualTo(12 + 3);
    assertThat(found.weightBytes()).isEqualTo((12 + 3) * 4 + 2 * 8);
    assertThat(found.sparsity()).isEqualTo(7.0 / 15);
    assertThat(found.macs()).isEqualTo(12);
    assertThat(found.macsFor()).isEqualTo(Map.of("x", List.of(1L, 4L)));
    assertThat(found.format().opsets()).isEqualTo(Map.of("ai.onnx", 13L));
    assertThat(found.inputs())
        .containsExactly(new ModelInspection.Value("x", "float", List.of("N", 4L)));
    assertThat(found.outputs())
        .containsExactly(new ModelInspection.Value("y", "float", List.of("N", 3L)));
    assertThat(found.ops())
        .contains(
            new ModelInspection.Op("MatMul", "ai.onnx", 1, 12, 12L),
            new ModelInspection.Op("Add", "ai.onnx", 1, 3, null),
            new ModelInspection.Op("Reshape", "ai.onnx", 1, 0, null));
    assertThat(found.precision())
        .containsExactly(
            new ModelInspection.Precision("float", 2, 15, 60),
            new ModelInspection.Precision("int64", 1, 2, 16));
    assertThat(found.largest().get(0))
        .isEqualTo(
            new ModelInspection.Weight(
                "w", "float", List.of(4L, 3L), 48, 6.0 / 12, List.of("product")));
    assertThat(requireNonNull(found.kernels()).integerMacShare()).isZero();
  }

  @Test
  void countsInSubgraphsOfWhatTheyCapture() {
    Graph then =
        Graph.of(
            "then",
            List.of(Node.of("Mul", "twice", List.of("x", "two"), List.of("t"))),
            List.of(Initializer.of("two", Tensor.ofFloats(Shape.of(1), 2))),
            List.of(),
            List.of(floats("t")));
    Graph otherwise =
        Graph.of(
            "else",
            List.of(Node.of("Mul", "scaled", List.of("x", "outer"), List.of("e"))),
            List.of(),
            List.of(),
            List.of(floats("e")));
    ModelInspection found =
        inspected(
            OnnxModel.of(
                8,
                13,
                Graph.of(
                    "branches",
                    List.of(
                        Node.of(
                            "If",
                            "choose",
                            List.of("c"),
                            List.of("y"),
                            Attribute.of("then_branch", then),
                            Attribute.of("else_branch", otherwise))),
                    List.of(Initializer.of("outer", Tensor.ofFloats(Shape.of(2), 0, 1))),
                    List.of(
                        floats("x"),
                        ValueInfo.of("c", ValueType.tensor(ElementType.BOOL, List.of()))),
                    List.of(floats("y")))));
    assertThat(found.nodes()).isEqualTo(3);
    assertThat(found.parameters()).isEqualTo(3);
    assertThat(found.ops()).contains(new ModelInspection.Op("Mul", "ai.onnx", 2, 3, null));
    assertThat(found.largest().get(0).usedBy()).containsExactly("scaled");
  }

  private static ValueInfo floats(String name) {
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(2))));
  }

  @Test
  void countsZerosOfPackedAndNarrowTypes() {
    Zeros zeros = new Zeros(Progress.NONE);
    byte[] pairs = {0x00, 0x10, 0x01, 0x0f}; // 8 elements, of which the last is not one of 7
    assertThat(zeros.count(Tensor.ofBytes(ElementType.INT4, Shape.of(7), pairs))).hasValue(4);
    byte[] halves = {0, 0, 0, (byte) 0x80, 1, 0}; // 0, -0, a subnormal
    assertThat(zeros.count(Tensor.ofBytes(ElementType.FLOAT16, Shape.of(3), halves))).hasValue(2);
    byte[] bytes = {0, 1, -128, 0};
    assertThat(zeros.count(Tensor.ofBytes(ElementType.INT8, Shape.of(4), bytes))).hasValue(2);
    assertThat(zeros.count(Tensor.ofBytes(ElementType.UINT8, Shape.of(4), bytes))).isEmpty();
  }

  @Test
  void stopsWhenAsked() {
    Path file = folder.resolve("model.onnx");
    OnnxWriter.write(small(), file);
    Progress stopped =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return true;
          }
        };
    assertThatThrownBy(() -> ModelInspector.inspect(file, 1, stopped))
        .isInstanceOf(CancelledException.class);
  }

  /** With a class path that leads nowhere, the child process dies at once. */
  @Test
  void survivesACrashOfTheRuntime() {
    String classPath = System.getProperty("java.class.path");
    System.setProperty("java.class.path", "nowhere");
    ModelInspection found;
    try {
      found = inspected(small());
    } finally {
      System.setProperty("java.class.path", classPath);
    }
    assertThat(found.parameters()).isEqualTo(15);
    assertThat(found.macs()).isNull();
    assertThat(found.kernels()).isNull();
    assertThat(found.warnings()).anyMatch(w -> w.contains("crashed") && w.contains("unknown"));
  }

  /** x times y of sizes that do not fit. */
  @Test
  void refusesShapesThatContradictEachOther() {
    List<ValueInfo> inputs =
        Stream.of("x", "y")
            .map(
                name ->
                    ValueInfo.of(
                        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(4), Dim.of(5)))))
            .toList();
    OnnxModel model =
        OnnxModel.of(
            8,
            13,
            Graph.of(
                "contradiction",
                List.of(Node.of("MatMul", "product", List.of("x", "y"), List.of("z"))),
                List.of(),
                inputs,
                List.of(ValueInfo.of("z", ValueType.tensor(ElementType.FLOAT)))));
    assertThatThrownBy(() -> inspected(model))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("product")
        .hasMessageContaining("contradict");
  }

  /** A loop of 2^40 rounds would take days. */
  @Test
  @Timeout(60)
  void stopsARunThatDoesNotEnd() {
    ValueInfo flag = ValueInfo.of("more", ValueType.tensor(ElementType.BOOL, List.of()));
    ValueInfo round = ValueInfo.of("round", ValueType.tensor(ElementType.INT64, List.of()));
    ValueInfo state =
        ValueInfo.of("state", ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(4))));
    ValueInfo next = ValueInfo.of("next", state.type());
    ValueInfo goOn = ValueInfo.of("go-on", flag.type());
    Graph body =
        Graph.of(
            "body",
            List.of(
                Node.of("Identity", "again", List.of("more"), List.of("go-on")),
                Node.of("Cos", "step", List.of("state"), List.of("next"))),
            List.of(),
            List.of(round, flag, state),
            List.of(goOn, next));
    OnnxModel model =
        OnnxModel.of(
            8,
            13,
            Graph.of(
                "endless",
                List.of(
                    Node.of(
                        "Loop",
                        "loop",
                        List.of("rounds", "", "x"),
                        List.of("y"),
                        Attribute.of("body", body))),
                List.of(Initializer.of("rounds", Tensor.ofLongs(Shape.scalar(), 1L << 40))),
                List.of(ValueInfo.of("x", state.type())),
                List.of(ValueInfo.of("y", state.type()))));
    Path file = folder.resolve("endless.onnx");
    OnnxWriter.write(model, file);
    long end = System.nanoTime() + 4_000_000_000L;
    Progress impatient =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return System.nanoTime() - end > 0;
          }
        };
    assertThatThrownBy(() -> ModelInspector.inspect(file, 1, impatient))
        .isInstanceOf(CancelledException.class);
  }

  @Test
  void refusesWhatIsNoModel() throws IOException {
    Path page = Files.writeString(folder.resolve("page.onnx"), "<!DOCTYPE html><html></html>");
    assertThatThrownBy(() -> ModelInspector.inspect(page, 1, Progress.NONE))
        .isInstanceOf(InvalidModelException.class);
  }

  /** The reference implementation of the format counts the same. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "kws-dscnn/model.onnx",
        "resnet8-cifar10-nhwc/model.onnx",
        "text-transformer-banking77/model.onnx",
        "light-shufflenet/model.onnx"
      })
  void agreesWithProtobuf(String relative) throws IOException {
    Path file = shared(relative);
    ModelInspection found = ModelInspector.inspect(file, 1, Progress.NONE);
    OnnxMl.GraphProto graph = OnnxMl.ModelProto.parseFrom(Files.readAllBytes(file)).getGraph();
    Map<String, Integer> counts = new TreeMap<>();
    graph.getNodeList().forEach(n -> counts.merge(n.getOpType(), 1, Integer::sum));
    assertThat(
            found.ops().stream()
                .collect(Collectors.toMap(ModelInspection.Op::op, ModelInspection.Op::count)))
        .isEqualTo(counts);
    List<OnnxMl.TensorProto> tensors = new ArrayList<>(graph.getInitializerList());
    graph.getNodeList().stream()
        .filter(n -> n.getOpType().equals("Constant"))
        .flatMap(n -> n.getAttributeList().stream())
        .filter(OnnxMl.AttributeProto::hasT)
        .forEach(a -> tensors.add(a.getT()));
    long floats = 0;
    for (OnnxMl.TensorProto tensor : tensors) {
      if (tensor.getDataType() == OnnxMl.TensorProto.DataType.FLOAT_VALUE) {
        floats += tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b);
      }
    }
    assertThat(
            found.precision().stream()
                .filter(p -> p.type().equals("float"))
                .mapToLong(ModelInspection.Precision::elements)
                .sum())
        .isEqualTo(floats);
    assertThat(found.macs()).isPositive();
    assertThat(found.kernels()).isNotNull();
  }

  @Test
  void seesIntegerKernels() {
    Path file = shared("kws-dscnn-qdq-int8/model.onnx");
    ModelInspection found = ModelInspector.inspect(file, 1, Progress.NONE);
    ModelInspection.Kernels kernels = requireNonNull(found.kernels());
    assertThat(kernels.integerMacShare()).isGreaterThan(0.5);
    assertThat(kernels.integer()).containsKey("Conv");
    assertThat(found.ops().stream().filter(o -> o.op().equals("Conv")).findFirst())
        .hasValueSatisfying(o -> assertThat(o.parameters()).isPositive());
  }
}
