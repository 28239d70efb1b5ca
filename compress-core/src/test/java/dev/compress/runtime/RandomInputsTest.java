package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class RandomInputsTest {
  private static TensorBuffer named(Map<String, TensorBuffer> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name));
  }

  @Test
  void inputsBeyondABufferAreSaidToBe() {
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.FLOAT, "n", "m", 3)
            .node("Relu", "", List.of("x"), List.of("y"))
            .output("y", ElementType.FLOAT, "n", "m", 3)
            .build();
    for (Shape shape : List.of(Shape.of(1, 1L << 28, 3), Shape.of(1L << 31, 1L << 30, 3))) {
      RandomInputs random = RandomInputs.of(model, Map.of("x", shape));
      assertThatThrownBy(() -> random.next(0))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContainingAll("x", shape.toString(), "2 GiB");
    }
    Shape none = Shape.of(1L << 32, 0, 3);
    assertThat(named(RandomInputs.of(model, Map.of("x", none)).next(0), "x").shape())
        .isEqualTo(none);
  }

  @Test
  void floatsAreStandardNormalAndFollowTheSeed() {
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.FLOAT, "n", 100, 200)
            .input("h", ElementType.FLOAT16, 4, 5000)
            .node("Relu", "", List.of("x"), List.of("y"))
            .output("y", ElementType.FLOAT, "n", 100, 200)
            .build();
    RandomInputs random =
        RandomInputs.of(model, Map.of("x", Shape.of(1, 100, 200), "h", Shape.of(4, 5000)));
    for (String input : List.of("x", "h")) {
      double sum = 0;
      double squares = 0;
      for (float v : named(random.next(3), input).toFloats()) {
        sum += v;
        squares += (double) v * v;
      }
      assertThat(sum / 20_000).isCloseTo(0, Offset.offset(0.03));
      assertThat(squares / 20_000).isCloseTo(1, Offset.offset(0.05));
    }
    assertThat(named(random.next(3), "x").toFloats())
        .isEqualTo(named(random.next(3), "x").toFloats())
        .isNotEqualTo(named(random.next(4), "x").toFloats());
  }

  @Test
  void integersStayInsideTheirTablesAndEqualWhatTheyAreComparedWith() {
    OnnxModel model =
        new TinyModels()
            .input("ids", ElementType.INT64, "n", "length")
            .input("mask", ElementType.INT32, "n", "length")
            .input("rate", ElementType.INT64)
            .input("image", ElementType.UINT8, 1, 50)
            .constant("table", TinyModels.normal(1, 1, 7, 3))
            .constant("sixteen", Tensor.ofLongs(Shape.scalar(), 16_000))
            .node("Unsqueeze", "", List.of("ids", "axis"), List.of("u"))
            .node("Gather", "", List.of("table", "u"), List.of("y"))
            .constant("axis", TinyModels.longs(0))
            .node("Equal", "", List.of("rate", "sixteen"), List.of("e"))
            .outputOfAnyShape("y", ElementType.FLOAT)
            .outputOfAnyShape("e", ElementType.BOOL)
            .build();
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      RandomInputs random = RandomInputs.thatRun(model, session);
      Set<Long> seen = new HashSet<>();
      for (long seed = 0; seed < 20; seed++) {
        Map<String, TensorBuffer> inputs = random.next(seed);
        assertThat(inputs.keySet()).containsExactly("ids", "mask", "rate", "image");
        assertThat(named(inputs, "ids").shape().dim(0)).isEqualTo(1);
        assertThat(named(inputs, "mask").shape()).isEqualTo(named(inputs, "ids").shape());
        for (long id : named(inputs, "ids").toTensor().toLongs()) {
          seen.add(id);
        }
        assertThat(named(inputs, "mask").toTensor().toLongs()).containsOnly(1);
        assertThat(named(inputs, "rate").toTensor().toLongs()).containsExactly(16_000);
        assertThat(session.run(inputs)).hasSize(2);
      }
      assertThat(seen).containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L, 5L, 6L);
    }
  }

  @Test
  void wavesAreAsLongAsAWindowOfSpeech() {
    OnnxModel model =
        new TinyModels()
            .input("wave", ElementType.FLOAT, "batch", "samples")
            .input("state", ElementType.FLOAT, 2, "batch", 128)
            .node("Relu", "", List.of("wave"), List.of("y"))
            .outputOfAnyShape("y", ElementType.FLOAT)
            .build();
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      assertThat(RandomInputs.thatRun(model, session).shapes())
          .containsEntry("wave", Shape.of(1, 576))
          .containsEntry("state", Shape.of(2, 1, 128));
    }
  }

  @Test
  void aModelThatNoSizeSuitsSaysSo() {
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.FLOAT, 1, "a")
            .input("y", ElementType.FLOAT, 1, "b")
            .constant("to", TinyModels.longs(1, 99_991))
            .node("Reshape", "", List.of("x", "to"), List.of("r"))
            .node("Add", "", List.of("r", "y"), List.of("z"))
            .outputOfAnyShape("z", ElementType.FLOAT)
            .build();
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      assertThatThrownBy(() -> RandomInputs.thatRun(model, session))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("real data");
    }
  }

  /** On every real model: inputs are found, and the inferred shapes are those of the real run. */
  @TestFactory
  Stream<DynamicTest> realModelsRunAndHaveTheInferredShapes() throws Exception {
    Optional<Path> models = SharedData.model(".");
    assumeTrue(models.isPresent(), SharedData.WHY_ABSENT);
    List<Path> files = new ArrayList<>();
    try (Stream<Path> found = Files.walk(models.orElseThrow(), 2)) {
      found
          .filter(p -> p.toString().endsWith(".onnx") && !p.toString().contains("custom-op"))
          .filter(p -> !p.toString().contains("style-transfer")) // seconds a run
          .sorted()
          .forEach(files::add);
    }
    assertThat(files).hasSizeGreaterThan(30);
    return files.stream()
        .map(
            f ->
                DynamicTest.dynamicTest(
                    f.getName(f.getNameCount() - 2).toString(), () -> check(f)));
  }

  private static void check(Path file) {
    OnnxModel model = OnnxReader.read(file).model();
    RandomInputs random;
    try (InferenceSession session = InferenceSession.open(file, SessionOptions.of(1))) {
      random = RandomInputs.thatRun(model, session);
    }
    List<ValueInfo> outputs = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      for (String output : node.outputs()) {
        if (!output.isEmpty() && !node.is("Constant")) {
          outputs.add(ValueInfo.of(output, new ValueType.Undeclared()));
        }
      }
    }
    Graph all = model.graph().withOutputs(outputs);
    Map<String, TensorBuffer> inputs = random.next(1);
    Map<String, Shape> shapes = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    Shapes free = ShapeInference.infer(model);
    Shapes bound = ShapeInference.infer(model, shapes);
    try (InferenceSession session =
        InferenceSession.open(
            model.withGraph(all), SessionOptions.of(1).withOptimization(OptimizationLevel.NONE))) {
      session
          .run(inputs)
          .forEach(
              (name, tensor) -> {
                bound
                    .fixedShape(name)
                    .ifPresent(s -> assertThat(s).as(name).isEqualTo(tensor.shape()));
                bound.element(name).ifPresent(e -> assertThat(e).as(name).isEqualTo(tensor.type()));
                free.dims(name)
                    .ifPresent(
                        dims -> {
                          assertThat(dims).as(name).hasSize(tensor.shape().rank());
                          for (int i = 0; i < dims.size(); i++) {
                            long size = dims.get(i).sizeOrUnknown();
                            assertThat(size).as(name).isIn(-1L, tensor.shape().dim(i));
                          }
                        });
              });
    }
  }
}
