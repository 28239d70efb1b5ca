package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class FidelityTest {
  /** y = x * factor, and the index of its largest element. */
  private static InferenceSession scaled(float... factor) {
    OnnxModel model =
        new TinyModels()
            .input("x", ElementType.FLOAT, "n", 4)
            .constant("f", Tensor.ofFloats(Shape.of(factor.length), factor))
            .node("Mul", "", List.of("x", "f"), List.of("y"))
            .output("y", ElementType.FLOAT, "n", 4)
            .build();
    return InferenceSession.open(model, SessionOptions.of(1));
  }

  private static Map<String, TensorBuffer> inputs(float... values) {
    return Map.of("x", TensorBuffer.of(Shape.of(values.length / 4, 4), values));
  }

  @Test
  void figuresFollowTheirDefinitionsAndPaddingDoesNotCount() {
    try (InferenceSession one = scaled(1);
        InferenceSession other = scaled(1, 1, 1, 2)) {
      Fidelity fidelity = new Fidelity(one, other);
      fidelity.add(inputs(1, 5, 3, 2, 1, 2, 3, 2, 9, 9, 9, 9), 3, 2);
      fidelity.add(inputs(1, 2, 3, 1));
      FidelityReport report = fidelity.report();
      assertThat(report.samples()).isEqualTo(3);
      double signal = 1 + 25 + 9 + 4 + 1 + 4 + 9 + 4 + 1 + 4 + 9 + 1;
      double noise = 4 + 4 + 1;
      assertThat(report.worstSqnrDb())
          .isCloseTo(10 * Math.log10(signal / noise), Offset.offset(1e-9));
      double dot = signal + 4 + 4 + 1;
      double power = signal + 12 + 12 + 3;
      assertThat(report.worstCosine())
          .isCloseTo(dot / Math.sqrt(signal * power), Offset.offset(1e-9));
      assertThat(report.outputs().get(0).largestDifference()).isEqualTo(2);
      assertThat(report.agreement()).isCloseTo(2.0 / 3, Offset.offset(1e-9));
      assertThat(report.hasNotFinite()).isFalse();
    }
  }

  @Test
  void whatIsNotANumberIsSeen() {
    try (InferenceSession one = scaled(1);
        InferenceSession other = scaled(1, Float.POSITIVE_INFINITY, 1, 1)) {
      Fidelity fidelity = new Fidelity(one, other);
      fidelity.add(inputs(1, 0, 3, 2));
      assertThat(fidelity.report().hasNotFinite()).isTrue();
      assertThat(fidelity.report().worstSqnrDb()).isEqualTo(Double.NEGATIVE_INFINITY);
    }
  }

  @Test
  void nothingComparedIsUnknown() {
    try (InferenceSession one = scaled(1);
        InferenceSession other = scaled(1)) {
      Fidelity fidelity = new Fidelity(one, other);
      assertThat(fidelity.report().worstSqnrDb()).isNaN();
      fidelity.add(inputs(1, 2, 3, 4));
      assertThat(fidelity.report().worstSqnrDb()).isEqualTo(Double.POSITIVE_INFINITY);
      assertThat(fidelity.report().agreement()).isEqualTo(1);
    }
  }

  @Test
  void aQuantizedModelIsCloseToItsFloatForm() {
    Optional<Path> floats = SharedData.model("kws-dscnn/model.onnx");
    Optional<Path> ints = SharedData.model("kws-dscnn-qdq-int8/model.onnx");
    assumeTrue(floats.isPresent() && ints.isPresent(), SharedData.WHY_ABSENT);
    OnnxModel model = OnnxReader.read(floats.orElseThrow()).model();
    try (InferenceSession baseline =
            InferenceSession.open(floats.orElseThrow(), SessionOptions.of(1));
        InferenceSession variant =
            InferenceSession.open(ints.orElseThrow(), SessionOptions.of(1))) {
      assumeTrue(
          baseline.tensorOutputs().equals(variant.tensorOutputs()), "their outputs differ in name");
      Fidelity fidelity = new Fidelity(baseline, variant);
      RandomInputs random = RandomInputs.thatRun(model, baseline);
      for (long seed = 0; seed < 8; seed++) {
        fidelity.add(random.next(seed));
      }
      assertThat(fidelity.report().worstSqnrDb()).isBetween(0.0, 60.0);
    }
  }
}
