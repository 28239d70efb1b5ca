package dev.compress.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.energy.EnergyReading;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.evaluation.EvaluationReport.Accelerator;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.energy.EnergySettings;
import dev.compress.evaluation.report.EvaluationCells;
import dev.compress.evaluation.report.HtmlEvaluationReport;
import dev.compress.evaluation.report.MarkdownEvaluationReport;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.runtime.Device;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of several devices, with {@link PretendGpu} in the GPU's place. */
class DevicesTest {
  private static final int FEATURES = 256;
  private static final EvaluationSettings QUICK = new EvaluationSettings(1, 1, 0.1, 0.02, 5, 5, 0);
  private static final Device GPU = Device.parse("cuda:1");

  @TempDir Path folder;
  private final Dataset data = someData();

  private static Dataset someData() {
    Random random = new Random(3);
    float[] x = new float[20 * FEATURES];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return Dataset.of(
        "random",
        Map.of("x", TensorBuffer.of(Shape.of(20, FEATURES), x)),
        new long[0],
        DataDescriptor.NONE);
  }

  private Variant variant(String name, long seed) throws IOException {
    Random random = new Random(seed);
    float[] w = new float[FEATURES * FEATURES];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) random.nextGaussian();
    }
    ValueType type = ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(FEATURES)));
    OnnxModel model =
        OnnxModel.of(
            8,
            17,
            Graph.of(
                "linear",
                List.of(Node.of("MatMul", "m", List.of("x", "w"), List.of("y"))),
                List.of(Initializer.of("w", Tensor.ofFloats(Shape.of(FEATURES, FEATURES), w))),
                List.of(ValueInfo.of("x", type)),
                List.of(ValueInfo.of("y", type))));
    return new Variant(
        name, Files.write(folder.resolve(name + ".onnx"), OnnxWriter.toBytes(model)));
  }

  private static DevicePlan on(Device... devices) {
    return new DevicePlan(List.of(devices), Optional.empty());
  }

  @Test
  void eachVariantHasARowOnEachDeviceAndIsComparedThere() throws IOException {
    EvaluationReport report =
        Evaluation.of(List.of(variant("a", 1), variant("b", 2)), data)
            .with(QUICK)
            .on(new DevicePlan(List.of(Device.CPU, GPU), Optional.of(folder)))
            .run();
    assertThat(report.variants())
        .extracting(r -> r.name() + " " + r.device())
        .containsExactly("a cpu", "b cpu", "a cuda:1", "b cuda:1");
    assertThat(report.variants())
        .extracting(r -> r.vsBaseline() == null)
        .containsExactly(true, false, true, false);
    Row processor = report.variants().get(1);
    assertThat(processor.accelerator()).isNull();
    assertThat(processor.latencyDeviceMs()).isNull();
    Row gpu = report.variants().get(3);
    assertThat(Objects.requireNonNull(gpu.latencyDeviceMs()).p50()).isPositive();
    assertThat(Objects.requireNonNull(gpu.vsBaseline()).latencyDeviceRatio()).isPositive();
    assertThat(gpu.vsBaseline().latencyDeviceRatioCi95()).hasSize(2);
    Accelerator accelerator = Objects.requireNonNull(gpu.accelerator());
    assertThat(accelerator.name())
        .as("asked in a child with the environment and natives that runs get")
        .isEqualTo("Pretended PCI_BUS_ID " + folder);
    assertThat(accelerator.pciBusId()).isEqualTo("0000:01:00.0");
    assertThat(accelerator.fallbackNodes()).as("the pretended GPU is the processor").isEqualTo(1);
    assertThat(accelerator.nodes()).isEqualTo(Map.of("CPUExecutionProvider", Map.of("MatMul", 1)));
    assertThat(accelerator.copyNodes()).isZero();
    readable(report);
  }

  private void readable(EvaluationReport report) throws IOException {
    Path saved =
        Files.write(
            folder.resolve("saved.json"),
            new com.fasterxml.jackson.databind.ObjectMapper().writeValueAsBytes(report));
    assertThat(EvaluationReports.read(saved).variants()).isEqualTo(report.variants());
    List<Row> rows = EvaluationCells.accelerated(report);
    assertThat(rows).extracting(Row::name).containsExactly("a on cuda:1", "b on cuda:1");
    assertThat(EvaluationCells.accelerator(rows.get(0)))
        .hasSameSizeAs(EvaluationCells.ACCELERATOR)
        .contains("1 of 1 (1 MatMul)", "0");
    assertThat(MarkdownEvaluationReport.of(report))
        .contains(
            "| variant | with copies | held there | nodes on the processor | copies inside |");
    assertThat(HtmlEvaluationReport.of(report))
        .contains("On the GPU", "median held there", "1 of 1 (1 MatMul)", "driver for CUDA 12.4");
  }

  @Test
  void whatIsMissingIsToldBeforeAnythingIsMeasured() throws IOException {
    Evaluation evaluation = Evaluation.of(List.of(variant("a", 1)), data).with(QUICK);
    assertThatThrownBy(() -> evaluation.on(on(Device.CPU, Device.parse("tensorrt:2"))).run())
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessage("tensorrt:2 cannot be used here: no TensorRT. Install TensorRT.");
    assertThatThrownBy(() -> evaluation.on(on(Device.parse("cuda:2"))).run())
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("Use cuda:0 or cuda:1");
    assertThatIllegalArgumentException().isThrownBy(() -> on(GPU, GPU));
    assertThatIllegalArgumentException().isThrownBy(() -> on());
  }

  @Test
  void theEnergyOfAGpuIsNeverEstimatedFromProcessorTime() throws IOException {
    EnergyPlan plan =
        new EnergyPlan(
            EnergyChoice.AUTO, false, EnergySettings.quick(0).withMinWindowSeconds(0.02));
    Row row =
        Evaluation.of(List.of(variant("a", 1)), data)
            .with(QUICK)
            .on(on(GPU))
            .metering(plan)
            .run()
            .variants()
            .get(0);
    // Where this machine has a sensor for its processor, that is no sensor for a GPU either.
    assertThat(Objects.requireNonNull(row.energy()).kind())
        .isEqualTo(EnergyReading.Kind.UNAVAILABLE);
    assertThat(row.energy().reason()).isNotBlank();
  }

  @Test
  void aRunThatCannotBeHeldCostsThatNumberAlone() throws IOException {
    EvaluationReport report =
        Evaluation.of(List.of(variant("unheld", 1), variant("b", 2)), data)
            .with(QUICK)
            .on(on(GPU))
            .run();
    assertThat(report.variants()).allMatch(r -> r.error() == null && r.latencyMs() != null);
    assertThat(report.variants().get(0).latencyDeviceMs()).isNull();
    assertThat(report.variants().get(1).latencyDeviceMs()).isNotNull();
    assertThat(Objects.requireNonNull(report.variants().get(1).vsBaseline()).latencyDeviceRatio())
        .as("there is nothing to compare with")
        .isNull();
    assertThat(report.warnings())
        .contains(
            "The latency of unheld on cuda:1 with inputs and outputs held there is unknown: it does"
                + " not fit");
  }
}
