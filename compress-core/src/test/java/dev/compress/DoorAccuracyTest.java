package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.Samples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.report.TransformGateException;
import dev.compress.report.TransformReport;
import dev.compress.search.OutputFidelity;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Limits on the accuracy: nodes that are put back, and limits that cannot hold. */
class DoorAccuracyTest extends DoorBench {
  @Test
  void nodesPutBackLeaveThePlan() throws IOException {
    Dataset data = data(10_000);
    TransformReport report =
        Compress.with(recipe("calibration-method: minmax", "max-drop: 5", "strict: true"))
            .calibratingOn(data)
            .holdingAccuracyOn(data)
            .run(input, output, true);
    assertThat(report.notes()).anyMatch(n -> n.startsWith("Kept in float"));
    assertThat(Objects.requireNonNull(report.kernels()).unplannedFloat()).isEmpty();
    assertThat(report.warnings()).noneMatch(w -> w.contains("planned as integer"));
  }

  @Test
  void mostSensitiveLayerIsPutBackUntilTheAccuracyHolds() throws IOException {
    Dataset data = data(10_000);
    Compress lossy =
        Compress.with(recipe("proof: none", "calibration-method: minmax", "max-drop: 100"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    TransformReport bad = lossy.run(input, output, false);
    assertThat(Objects.requireNonNull(bad.accuracy()).input()).isEqualTo(1);
    assertThat(bad.accuracy().drop()).isGreaterThan(20);
    Compress held =
        Compress.with(recipe("proof: none", "calibration-method: minmax", "max-drop: 5"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    TransformReport good = held.run(input, output, true);
    assertThat(Objects.requireNonNull(good.accuracy()).drop()).isLessThanOrEqualTo(5);
    assertThat(good.notes()).anyMatch(n -> n.contains("Kept in float") && n.contains("first"));
    assertThat(good.notes()).noneMatch(n -> n.contains("Kept in float") && n.contains("second"));
    assertThat(OnnxReader.read(output).model().graph().nodes())
        .anyMatch(n -> n.is("QuantizeLinear"));
    assertThat(good.data()).extracting("step").containsExactly("calibration", "selection");
  }

  @Test
  void limitThatCannotHoldIsAFailureThatLeavesNothing() throws IOException {
    Dataset data = data(1);
    Compress compress =
        Compress.with(recipe("proof: none", "max-drop: -1"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    TransformGateException e =
        catchThrowableOfType(
            TransformGateException.class, () -> compress.run(input, output, false));
    assertThat(e).hasMessageContaining("--max-drop");
    assertThat(e.report().output()).isNull();
    assertThat(e.report().accuracy()).isNotNull();
    assertThat(filesLeft()).containsExactly("model.onnx");
  }

  @Test
  void unlabelledDataCannotHoldAnAccuracy() throws IOException {
    TensorBuffer x = TensorBuffer.of(normal(1, 1, 4, WIDTH));
    Dataset data = Dataset.of("bare", Map.of("x", x), new long[0], DataDescriptor.NONE);
    Compress compress =
        Compress.with(recipe("proof: none", "max-drop: 1"))
            .calibratingOn(data)
            .holdingAccuracyOn(data);
    assertThatThrownBy(() -> compress.run(input, output, false))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("labels");
    assertThat(filesLeft()).containsExactly("model.onnx");
  }

  /** The figure is checked against the share of equal largest scores, counted here. */
  @Test
  void accuracyIsMeasuredWithoutALimitToo() throws IOException {
    Dataset data = data(10_000);
    TransformReport report =
        Compress.with(recipe("proof: none", "calibration-method: minmax", "quantize-mode: static"))
            .calibratingOn(data(1))
            .holdingAccuracyOn(data)
            .run(input, output, false);
    TransformReport.Accuracy accuracy = Objects.requireNonNull(report.accuracy());
    assertThat(accuracy.metric()).isEqualTo("top1");
    assertThat(accuracy.samples()).isEqualTo(SAMPLES);
    assertThat(accuracy.input()).as("labelled by itself").isEqualTo(1);
    assertThat(accuracy.output()).isEqualTo(agreementWithLabels(data)).isLessThan(1);
    assertThat(accuracy.drop()).isEqualTo(100 * (1 - accuracy.output()));
    assertThat(report.data()).extracting("step").containsExactly("calibration", "accuracy");
    assertThat(OnnxReader.read(output).model().metadata())
        .doesNotContainKey("compress.accuracy.sha256");
  }

  @Test
  void calibrationOnTheDataThatMeasuresIsAWarning() throws IOException {
    Dataset data = data(1);
    TransformReport report =
        Compress.with(recipe("proof: none"))
            .calibratingOn(data)
            .holdingAccuracyOn(data)
            .run(input, output, false);
    assertThat(report.warnings()).anyMatch(w -> w.contains("also served the calibration"));
  }

  /** Nothing searches for half precision: it is measured, and refused. */
  @Test
  void limitHoldsOfEveryFormat() throws IOException {
    Recipe half = recipe("proof: none", "max-drop: -1").withQuantize("fp16");
    Compress compress = Compress.with(half).holdingAccuracyOn(data(1));
    TransformGateException e =
        catchThrowableOfType(
            TransformGateException.class, () -> compress.run(input, output, false));
    assertThat(e).hasMessageContaining("--max-drop allows -1.00");
    assertThat(e.report().accuracy()).isNotNull();
    assertThat(filesLeft()).containsExactly("model.onnx");
    TransformReport report =
        Compress.with(recipe("proof: none", "max-drop: 100").withQuantize("fp16"))
            .holdingAccuracyOn(data(1))
            .run(input, output, false);
    assertThat(report.accuracy()).isNotNull();
    assertThat(filesLeft()).containsExactly("model.int8.onnx", "model.onnx");
  }

  /** Outputs that are off because there are so few codes: floats with those codes are no closer. */
  @Test
  void fewCodesAreNoReasonToComputeInFloat() throws IOException {
    Compress.with(recipe("cluster: 2", "proof: none", "pack: none"))
        .calibratingOn(data(1))
        .run(input, output, false);
    OnnxModel clustered = OnnxReader.read(output).model();
    assertThat(clustered.graph().nodes()).anyMatch(node -> node.is("QuantizeLinear"));
    Path stored = folder.resolve("stored.onnx");
    Compress.with(recipe("cluster: 2", "proof: none", "pack: none", "quantize-mode: weights"))
        .calibratingOn(data(1))
        .run(input, stored, false);
    double here = decibels(clustered);
    assertThat(here).isLessThan(15).isGreaterThan(decibels(OnnxReader.read(stored).model()));
  }

  private double decibels(OnnxModel model) {
    OnnxModel from = OnnxReader.read(input).model();
    Samples samples = DatasetSamples.of(data(1), from, SAMPLES, 1);
    return new OutputFidelity(from, samples, 1, Progress.NONE).sqnrDb(model, OutputFidelity.MANY);
  }
}
