package dev.compress.lowrank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.quantize.NodeFilter;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers of a rank that is lower than their size, as each operator writes them. */
class FactoriseLayersTest {
  private static final int SIZE = 512;
  private static final int RANK = 24;
  private static final int ROWS = 64;

  private final Scratch scratch = Scratch.inTemporaryFolder();
  private final PassContext context = new PassContext(scratch, Progress.NONE, 2, 0);

  @AfterEach
  void close() {
    scratch.close();
  }

  private static float[] ofRank(int rank) {
    Random random = new Random(rank);
    float[] left = new float[SIZE * rank];
    float[] right = new float[rank * SIZE];
    for (int i = 0; i < left.length; i++) {
      left[i] = (float) (random.nextGaussian() / Math.sqrt(SIZE));
      right[i] = (float) (random.nextGaussian() / Math.sqrt(rank));
    }
    float[] product = new float[SIZE * SIZE];
    for (int i = 0; i < SIZE; i++) {
      for (int k = 0; k < rank; k++) {
        for (int j = 0; j < SIZE; j++) {
          product[i * SIZE + j] += left[i * rank + k] * right[k * SIZE + j];
        }
      }
    }
    return product;
  }

  private static OnnxModel model(String kind, int rank) {
    boolean conv = kind.equals("Conv");
    long[] dims = conv ? new long[] {1, SIZE, 16, 8} : new long[] {ROWS, SIZE};
    List<Dim> shape = new ArrayList<>();
    for (long dim : dims) {
      shape.add(Dim.of(dim));
    }
    Shape weight = conv ? Shape.of(SIZE, SIZE, 1, 1) : Shape.of(SIZE, SIZE);
    float[] bias = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      bias[i] = i % 5;
    }
    Node node =
        switch (kind) {
          case "Conv" ->
              Node.of(
                  "Conv",
                  "layer",
                  List.of("x", "w", "b"),
                  List.of("y"),
                  Attribute.of("strides", new long[] {2, 1}));
          case "Gemm" -> Node.of("Gemm", "layer", List.of("x", "w", "b"), List.of("y"));
          case "GemmT" ->
              Node.of(
                  "Gemm", "layer", List.of("x", "w", "b"), List.of("y"), Attribute.of("transB", 1));
          default -> Node.of("MatMul", "layer", List.of("x", "w"), List.of("y"));
        };
    List<Initializer> constants = new ArrayList<>();
    constants.add(Initializer.of("w", Tensor.ofFloats(weight, ofRank(rank))));
    if (!kind.equals("MatMul")) {
      constants.add(Initializer.of("b", Tensor.ofFloats(Shape.of(SIZE), bias)));
    }
    return OnnxModel.of(
        8,
        kind.equals("GemmT") ? 9 : 13, // before 11 a Gemm has to have a bias
        Graph.of(
            "g",
            List.of(node),
            constants,
            List.of(ValueInfo.of("x", ValueType.tensor(ElementType.FLOAT, shape))),
            List.of(ValueInfo.of("y", ValueType.tensor(ElementType.FLOAT)))));
  }

  private static float[] run(OnnxModel model, String kind) {
    Random random = new Random(5);
    Shape shape = kind.equals("Conv") ? Shape.of(1, SIZE, 16, 8) : Shape.of(ROWS, SIZE);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      return Objects.requireNonNull(
              session.run(Map.of("x", TensorBuffer.of(shape, values))).get("y"))
          .toFloats();
    }
  }

  @Test
  void aWeightWithNanIsNamed() {
    OnnxModel model = model("MatMul", RANK);
    float[] weights = ofRank(RANK);
    weights[SIZE + 7] = Float.NaN;
    OnnxModel broken =
        model.withGraph(
            model
                .graph()
                .withInitializers(
                    List.of(Initializer.of("w", Tensor.ofFloats(Shape.of(SIZE, SIZE), weights)))));
    assertThatThrownBy(() -> new FactoriseLayers(0.9, NodeFilter.ALL).apply(broken, context))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("Weight w holds NaN");
  }

  @ParameterizedTest
  @ValueSource(strings = {"MatMul", "Gemm", "GemmT", "Conv"})
  void aLayerOfLowRankBecomesTwo(String kind) {
    OnnxModel model = model(kind, RANK);
    FactoriseLayers pass = new FactoriseLayers(0.9999, NodeFilter.ALL);
    PassResult result = pass.apply(model, context);
    assertThat(result.changes()).hasSize(1);
    assertThat(result.model().graph().nodes()).hasSize(2);
    assertThat(result.model().graph().initializers()).noneMatch(i -> i.name().equals("w"));
    GraphValidator.check(result.model());
    float[] expected = run(model, kind);
    float[] found = run(result.model(), kind);
    assertThat(found).hasSameSizeAs(expected);
    double off = 0;
    double energy = 0;
    for (int i = 0; i < expected.length; i++) {
      off += Math.pow(expected[i] - found[i], 2);
      energy += Math.pow(expected[i], 2);
    }
    assertThat(off / energy).isCloseTo(0, within(2e-4));
    // Two thin layers are no thinner.
    assertThat(pass.apply(result.model(), context).changes()).isEmpty();
  }

  @Test
  void aLayerOfFullRankStaysWithItsReason() {
    PassResult result =
        new FactoriseLayers(0.9999, NodeFilter.ALL).apply(model("MatMul", SIZE), context);
    assertThat(result.changes()).isEmpty();
    assertThat(result.skipped()).hasSize(1);
    assertThat(result.skipped().get(0).reason()).contains("no smaller");
  }

  @Test
  void whatIsExcludedAndSharesThatMakeNoSenseAreRefused() {
    NodeFilter none = new NodeFilter("layer", java.util.Set.of(), "");
    assertThat(new FactoriseLayers(0.9, none).apply(model("MatMul", RANK), context).changes())
        .isEmpty();
    for (double energy : new double[] {0, 1, -1, Double.NaN}) {
      assertThatThrownBy(() -> new FactoriseLayers(energy, NodeFilter.ALL))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("--low-rank");
    }
  }
}
