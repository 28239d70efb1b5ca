package dev.compress.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.energy.EnergyJson;
import dev.compress.energy.EnergyReading;
import dev.compress.error.CancelledException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.energy.EnergySettings;
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
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationTest {
  private static final int FEATURES = 64;
  private static final int CLASSES = 10;
  private static final int SAMPLES = 150;
  private static final EvaluationSettings QUICK = new EvaluationSettings(1, 1, 0.2, 0.02, 5, 5, 0);

  @TempDir Path folder;
  private Path baseline = Path.of("");
  private Path variant = Path.of("");
  private float[] x = {};
  private long[] labels = {};

  @BeforeEach
  void writeModels() throws IOException {
    baseline = write("a.onnx", 0);
    variant = write("b.onnx", 0.15);
    Random random = new Random(3);
    x = new float[SAMPLES * FEATURES];
    labels = new long[SAMPLES];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    int[] right = classes(baseline);
    for (int i = 0; i < SAMPLES; i++) {
      labels[i] = i % 5 == 0 ? random.nextInt(CLASSES) : right[i];
    }
  }

  private Path write(String name, double noise) throws IOException {
    return write(name, weights(noise), "MatMul");
  }

  private Path write(String name, float[] w, String operator) throws IOException {
    return write(name, w, operator, Dim.of("n"));
  }

  private Path write(String name, float[] w, String operator, Dim rows) throws IOException {
    int classes = w.length / FEATURES;
    OnnxModel model =
        OnnxModel.of(
            8,
            17,
            Graph.of(
                "linear",
                List.of(Node.of(operator, "m", List.of("x", "w"), List.of("y"))),
                List.of(Initializer.of("w", Tensor.ofFloats(Shape.of(FEATURES, classes), w))),
                List.of(matrix("x", rows, FEATURES)),
                List.of(matrix("y", rows, classes))));
    return Files.write(folder.resolve(name), OnnxWriter.toBytes(model));
  }

  private static ValueInfo matrix(String name, Dim rows, int width) {
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, List.of(rows, Dim.of(width))));
  }

  private static float[] weights(double noise) {
    Random random = new Random(1);
    Random other = new Random(2);
    float[] w = new float[FEATURES * CLASSES];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) (random.nextGaussian() + noise * other.nextGaussian());
    }
    return w;
  }

  /** Sample by sample, with nothing of the code under test but the session. */
  private int[] classes(Path model) {
    int[] found = new int[SAMPLES];
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      for (int i = 0; i < SAMPLES; i++) {
        float[] row = java.util.Arrays.copyOfRange(x, i * FEATURES, (i + 1) * FEATURES);
        TensorBuffer input = TensorBuffer.of(Shape.of(1, FEATURES), row);
        float[] y = Objects.requireNonNull(session.run(Map.of("x", input)).get("y")).toFloats();
        for (int c = 1; c < CLASSES; c++) {
          found[i] = y[c] > y[found[i]] ? c : found[i];
        }
      }
    }
    return found;
  }

  private double accuracy(Path model) {
    int[] found = classes(model);
    int right = 0;
    for (int i = 0; i < SAMPLES; i++) {
      right += found[i] == labels[i] ? 1 : 0;
    }
    return (double) right / SAMPLES;
  }

  private Dataset data(boolean labelled) {
    TensorBuffer all = TensorBuffer.of(Shape.of(SAMPLES, FEATURES), x);
    return Dataset.of(
        "made", Map.of("x", all), labelled ? labels : new long[0], DataDescriptor.NONE);
  }

  private Evaluation both(Dataset data) {
    return Evaluation.of(List.of(new Variant("a", baseline), new Variant("b", variant)), data)
        .with(QUICK);
  }

  @Test
  void accuracyIsThatOfEachSampleCountedByHand() {
    EvaluationReport report = both(data(true)).run();
    List<EvaluationReport.Row> rows = report.variants();
    double a = accuracy(baseline);
    double b = accuracy(variant);
    assertThat(a).isNotEqualTo(b);
    EvaluationReport.Accuracy first = Objects.requireNonNull(rows.get(0).accuracy());
    EvaluationReport.Accuracy second = Objects.requireNonNull(rows.get(1).accuracy());
    assertThat(first.metric()).isEqualTo("top1");
    assertThat(first.value()).isEqualTo(a);
    assertThat(second.value()).isEqualTo(b);
    assertThat(second.samples()).isEqualTo(SAMPLES);
    EvaluationReport.VsBaseline versus = Objects.requireNonNull(rows.get(1).vsBaseline());
    assertThat(versus.accuracyDrop()).isCloseTo(100 * (a - b), within(1e-9));
    List<Double> interval = Objects.requireNonNull(versus.accuracyDropCi95());
    assertThat(interval.get(0)).isLessThan(100 * (a - b));
    assertThat(interval.get(1)).isGreaterThan(100 * (a - b));
    int[] one = classes(baseline);
    int[] two = classes(variant);
    double agreeing = 0;
    for (int i = 0; i < SAMPLES; i++) {
      agreeing += one[i] == two[i] ? 1 : 0;
    }
    EvaluationReport.Fidelity fidelity = Objects.requireNonNull(rows.get(1).fidelity());
    assertThat(fidelity.agreement()).isEqualTo(agreeing / SAMPLES);
    assertThat(fidelity.sqnrDb()).isBetween(10.0, 25.0); // noise of 0.15: 16.5 dB
  }

  @Test
  void latencyIsOfRunsThatWereMade() {
    EvaluationReport report = both(data(true)).run();
    for (EvaluationReport.Row row : report.variants()) {
      EvaluationReport.LatencyMs ms = Objects.requireNonNull(row.latencyMs());
      assertThat(ms.p50()).isPositive().isLessThanOrEqualTo(ms.p90());
      assertThat(ms.p90()).isLessThanOrEqualTo(ms.p99());
      List<Double> ci95 = Objects.requireNonNull(ms.p50Ci95());
      assertThat(ms.p50()).isBetween(ci95.get(0), ci95.get(1));
      // Five windows of 20 ms hold at most so many.
      assertThat(ms.samples() * ms.mean()).isBetween(0.5 * 5 * 20, 3.0 * 5 * 20);
      assertThat(row.throughputPerSecond()).isCloseTo(1000 / ms.mean(), within(1e-6));
      assertThat(row.loadMs()).isPositive();
      assertThat(row.error()).isNull();
    }
    List<Double> interval =
        Objects.requireNonNull(
            Objects.requireNonNull(report.variants().get(1).vsBaseline()).latencyRatioCi95());
    assertThat(interval.get(0)).isLessThan(interval.get(1));
  }

  @Test
  void withoutLabelsOutputsAreCompared() {
    EvaluationReport report = both(data(false)).run();
    EvaluationReport.Row row = report.variants().get(1);
    assertThat(report.warnings()).anyMatch(w -> w.startsWith("The data has no labels"));
    List<Double> interval =
        Objects.requireNonNull(Objects.requireNonNull(row.vsBaseline()).accuracyDropCi95());
    assertThat(interval.get(0))
        .isLessThan(100 * (1 - Objects.requireNonNull(row.accuracy()).value()));
    assertThat(Objects.requireNonNull(row.accuracy()).metric()).isEqualTo("agreement");
    assertThat(Objects.requireNonNull(row.accuracy()).value())
        .isEqualTo(Objects.requireNonNull(row.fidelity()).agreement());
  }

  /** Fixed at 3 and at 1 beside a free one, in any order: each sample counts once in each. */
  @Test
  void batchesThatModelsFixMayDiffer() throws IOException {
    Path three = write("three.onnx", weights(0.15), "MatMul", Dim.of(3));
    Path one = write("one.onnx", weights(0.15), "MatMul", Dim.of(1));
    List<Variant> variants =
        List.of(new Variant("free", baseline), new Variant("3", three), new Variant("1", one));
    double expected = accuracy(variant);
    for (int first = 0; first < variants.size(); first++) {
      List<Variant> turned = new java.util.ArrayList<>(variants);
      java.util.Collections.rotate(turned, first);
      EvaluationReport report = Evaluation.of(turned, data(true)).with(QUICK).run();
      for (EvaluationReport.Row row : report.variants()) {
        EvaluationReport.Accuracy found = Objects.requireNonNull(row.accuracy(), row.name());
        assertThat(found.samples()).as(row.name()).isEqualTo(SAMPLES);
        assertThat(found.value())
            .isEqualTo(row.name().equals("free") ? accuracy(baseline) : expected);
        assertThat(row.error()).isNull();
      }
    }
    EvaluationReport pair =
        Evaluation.of(List.of(variants.get(0), variants.get(2)), data(true)).with(QUICK).run();
    assertThat(Objects.requireNonNull(pair.variants().get(1).fidelity()).sqnrDb())
        .as("the free one is run as the other is")
        .isBetween(10.0, 25.0);
  }

  /** Ranges found as it runs are those of the batch: alone, a sample has its own. */
  @Test
  void dynamicQuantizationIsScoredSampleBySample() throws IOException {
    Path dynamic = dynamic();
    double expected = accuracy(dynamic); // at batch 1
    EvaluationReport report =
        Evaluation.of(List.of(new Variant("a", baseline), new Variant("d", dynamic)), data(true))
            .with(new EvaluationSettings(1, 64, 0.2, 0.02, 5, 5, 0))
            .run();
    assertThat(Objects.requireNonNull(report.variants().get(1).accuracy()).value())
        .isEqualTo(expected);
    assertThat(Objects.requireNonNull(report.variants().get(1).fidelity()).sqnrDb())
        .isCloseTo(sqnrOneByOne(baseline, dynamic), within(1e-9));
  }

  private Path dynamic() throws IOException {
    List<Node> nodes =
        List.of(
            Node.of("DynamicQuantizeLinear", "q", List.of("x"), List.of("xq", "xs", "xz")),
            Node.of("DequantizeLinear", "d", List.of("xq", "xs", "xz"), List.of("xd")),
            Node.of("MatMul", "m", List.of("xd", "w"), List.of("y")));
    Dim n = Dim.of("n");
    Tensor w = Tensor.ofFloats(Shape.of(FEATURES, CLASSES), weights(0));
    Graph graph =
        Graph.of(
            "dynamic",
            nodes,
            List.of(Initializer.of("w", w)),
            List.of(matrix("x", n, FEATURES)),
            List.of(matrix("y", n, CLASSES)));
    return Files.write(
        folder.resolve("dynamic.onnx"), OnnxWriter.toBytes(OnnxModel.of(8, 17, graph)));
  }

  private double sqnrOneByOne(Path reference, Path other) {
    double signal = 0;
    double noise = 0;
    try (InferenceSession a = InferenceSession.open(reference, SessionOptions.of(1));
        InferenceSession b = InferenceSession.open(other, SessionOptions.of(1))) {
      for (int i = 0; i < SAMPLES; i++) {
        float[] row = java.util.Arrays.copyOfRange(x, i * FEATURES, (i + 1) * FEATURES);
        TensorBuffer input = TensorBuffer.of(Shape.of(1, FEATURES), row);
        float[] y = Objects.requireNonNull(a.run(Map.of("x", input)).get("y")).toFloats();
        float[] z = Objects.requireNonNull(b.run(Map.of("x", input)).get("y")).toFloats();
        for (int c = 0; c < CLASSES; c++) {
          signal += (double) y[c] * y[c];
          noise += ((double) y[c] - z[c]) * ((double) y[c] - z[c]);
        }
      }
    }
    return 10 * Math.log10(signal / noise);
  }

  @Test
  void gatesAreJudgedWithTheInterval() {
    EvaluationReport report = both(data(true)).holding(new Gates(-50.0, 1000.0, 0.5)).run();
    assertThat(report.gates())
        .extracting(EvaluationReport.Gate::name, EvaluationReport.Gate::passed)
        .containsExactly(
            org.assertj.core.api.Assertions.tuple("max-drop", false),
            org.assertj.core.api.Assertions.tuple("max-latency-ratio", true),
            org.assertj.core.api.Assertions.tuple("max-energy-ratio", false));
    assertThat(report.passed()).isFalse();
    assertThat(Gates.judge("g", "v", 0.3, 0.5, List.of(-0.2, 1.2)))
        .extracting(EvaluationReport.Gate::passed, EvaluationReport.Gate::certain)
        .containsExactly(true, false);
    assertThat(Gates.judge("g", "v", 0.3, 0.5, List.of(0.4, 0.6)))
        .extracting(EvaluationReport.Gate::passed, EvaluationReport.Gate::certain)
        .containsExactly(false, true);
  }

  @Test
  void aGateNeedsSomethingToCompare() {
    Evaluation one = Evaluation.of(List.of(new Variant("a", baseline)), data(true)).with(QUICK);
    assertThatThrownBy(() -> one.holding(new Gates(0.5, null, null)).run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two variants");
    for (double wrong : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new Gates(null, wrong, null)).hasMessageContaining("max-latency");
      assertThatThrownBy(() -> new Gates(null, null, wrong)).hasMessageContaining("max-energy");
    }
    assertThatThrownBy(() -> new Gates(Double.NaN, null, null)).hasMessageContaining("max-drop");
  }

  @Test
  void withoutItsBaselineAVariantHasNoComparison() {
    EvaluationReport report =
        Evaluation.of(
                List.of(
                    new Variant("a", baseline),
                    new Variant("b", variant),
                    new Variant("c", variant)),
                data(true))
            .with(new EvaluationSettings(1, 1, 0.2, 0.05, 5, 5, 0))
            .holding(new Gates(null, 2.0, null))
            .reportingTo(new KillsFirstChild("score"))
            .run();
    assertThat(report.variants().get(0).error()).contains("SIGKILL");
    for (EvaluationReport.Row row : report.variants().subList(1, 3)) {
      assertThat(row.error()).isNull();
      assertThat(row.accuracy()).isNotNull();
      assertThat(row.latencyMs()).isNotNull();
      assertThat(Objects.requireNonNull(row.vsBaseline()).latencyRatio()).isNull();
    }
    assertThat(report.gates()).hasSize(2).noneMatch(EvaluationReport.Gate::passed);
    assertThat(report.gates())
        .allSatisfy(g -> assertThat(g.reason()).contains("the baseline a failed").contains("KILL"));
    assertThat(report.warnings().get(0)).startsWith("a failed: ");
  }

  /** Kills the process of the first variant at the beginning of a stage. */
  private static final class KillsFirstChild implements Progress {
    private final String stage;
    private boolean done;

    KillsFirstChild(String stage) {
      this.stage = stage;
    }

    @Override
    public void begin(String begun, long total) {
      if (begun.equals(stage) && !done) {
        done = true;
        ProcessHandle.current()
            .children()
            .min(java.util.Comparator.comparing(p -> p.info().startInstant().orElseThrow()))
            .orElseThrow()
            .destroyForcibly();
      }
    }

    @Override
    public void advance(long steps) {}

    @Override
    public boolean cancelled() {
      return false;
    }
  }

  @Test
  void theJsonHoldsTheContractsKeys() throws IOException {
    ObjectMapper json = new ObjectMapper();
    JsonNode tree = json.readTree(json.writeValueAsString(both(data(true)).run()));
    assertThat(tree.path("schema").asText()).isEqualTo("compress.evaluation/1");
    JsonNode row = tree.path("variants").path(1);
    for (String path :
        List.of(
            "/accuracy/ci95/1",
            "/fidelity/sqnr_db",
            "/latency_ms/p99",
            "/throughput_per_second",
            "/load_ms",
            "/energy",
            "/vs_baseline/latency_ratio_ci95/0",
            "/vs_baseline/accuracy_drop",
            "/vs_baseline/energy_ratio",
            "/break_even_inferences",
            "/carbon_g",
            "/cost",
            "/peak_rss_bytes")) {
      assertThat(row.at(path).isMissingNode()).as(path).isFalse();
    }
    assertThat(tree.at("/environment/memory_bytes").asLong()).isPositive();
    assertThat(tree.at("/dataset/samples").asInt()).isEqualTo(SAMPLES);
  }

  private static void stamp(Path file, String recipe) throws IOException {
    OnnxModel model = OnnxReader.read(file).model();
    byte[] stamped = OnnxWriter.toBytes(model.withMetadata(Map.of("compress.recipe", recipe)));
    Files.write(file, stamped);
  }

  /** Zeros and values are counted in the files themselves: no report lies beside these. */
  @Test
  void whatIsInTheWeightsIsCountedInTheFiles() throws IOException {
    float[] few = weights(0);
    int zeros = 0;
    for (int i = 0; i < few.length; i++) {
      few[i] = i % 3 == 0 ? 0 : i % 2 == 0 ? 0.5f : -0.25f;
      zeros += few[i] == 0 ? 1 : 0;
    }
    variant = write("few.onnx", few, "MatMul");
    stamp(variant, "{\"prune\": 0.33, \"cluster\": 16}");
    EvaluationReport report = both(data(true)).run();
    EvaluationReport.Weights found =
        Objects.requireNonNull(report.variants().get(1).weights(), "weights");
    assertThat(found.elements()).isEqualTo(few.length);
    assertThat(found.sparsity()).isEqualTo((double) zeros / few.length);
    assertThat(found.distinct()).isEqualTo(3);
    assertThat(found.bits()).isEqualTo(32);
    assertThat(found.packed()).isZero();
    assertThat(report.variants().get(1).steps()).containsExactly("prune 33%", "16 clusters");
    assertThat(dev.compress.evaluation.report.MarkdownEvaluationReport.of(report))
        .contains("| zeros | values |", "| 3 |");
  }

  @Test
  void badInputIsRefusedBeforeAnythingIsMeasured() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.onnx"), "<html>");
    assertThatThrownBy(
            () ->
                Evaluation.of(
                        List.of(new Variant("a", baseline), new Variant("b", broken)), data(true))
                    .run())
        .isInstanceOf(InvalidModelException.class);
    labels[7] = CLASSES;
    assertThatThrownBy(() -> both(data(true)).run())
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("10");
  }

  @Test
  void aVariantThatTheLabelsDoNotFitEndsItsOwnRow() throws IOException {
    Path fewer = write("fewer.onnx", new float[FEATURES * (CLASSES - 1)], "MatMul");
    labels[3] = CLASSES - 1;
    EvaluationReport report =
        Evaluation.of(
                List.of(
                    new Variant("a", baseline), new Variant("b", fewer), new Variant("c", variant)),
                data(true))
            .with(QUICK)
            .run();
    assertThat(report.variants().get(1).error()).contains("out of range", "of sample ");
    assertThat(report.variants().get(1).accuracy()).isNull();
    assertThat(Objects.requireNonNull(report.variants().get(2).accuracy()).value())
        .isEqualTo(accuracy(variant));
  }

  /** A meter that writes 200 W into a log, fifty times a second. */
  private static Thread steadyMeter(Path log, AtomicBoolean on) {
    Thread meter =
        new Thread(
            () -> {
              try (java.io.Writer out = Files.newBufferedWriter(log)) {
                out.write("timestamp,watts\n");
                while (on.get()) {
                  out.write(
                      String.format(Locale.ROOT, "%.6f,200%n", System.currentTimeMillis() / 1e3));
                  out.flush();
                  Thread.sleep(20);
                }
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    meter.setDaemon(true);
    return meter;
  }

  @Test
  void energyIsPowerTimesTime() throws Exception {
    Path log = folder.resolve("watts.csv");
    AtomicBoolean on = new AtomicBoolean(true);
    Thread meter = steadyMeter(log, on);
    meter.start();
    Thread.sleep(200);
    try {
      EnergyPlan plan =
          new EnergyPlan(
              EnergyChoice.parse("file:" + log), true, new EnergySettings(0.2, 1, 0.5, 2, 2, 1, 0));
      EvaluationReport report = both(data(true)).metering(plan).run();
      EvaluationReport.Row row = report.variants().get(1);
      EnergyJson energy = Objects.requireNonNull(row.energy());
      assertThat(energy.kind()).as(energy.reason()).isEqualTo(EnergyReading.Kind.MEASURED);
      double seconds = Objects.requireNonNull(energy.windowS());
      double samples = Objects.requireNonNull(energy.inferences());
      int windows = Objects.requireNonNull(energy.windows());
      assertThat(energy.energyJ()).isCloseTo(200 * seconds * windows / samples, withinPercent(20));
      assertThat(Objects.requireNonNull(row.vsBaseline()).energyRatio()).isPositive();
    } finally {
      on.set(false);
      meter.join();
    }
  }

  private static org.assertj.core.data.Percentage withinPercent(double percent) {
    return org.assertj.core.data.Percentage.withPercentage(percent);
  }

  @Test
  void aMissingSensorIsAnErrorWhereItMustBeMeasured() {
    EnergyPlan plan =
        new EnergyPlan(
            EnergyChoice.parse("file:" + folder.resolve("none.csv")),
            true,
            EnergySettings.quick(0));
    assertThatThrownBy(() -> both(data(true)).metering(plan).run())
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("none.csv");
  }

  @Test
  void aCrashCostsOneRow() {
    Progress killer =
        new Progress() {
          private String stage = "";
          private boolean done;

          @Override
          public void begin(String newStage, long total) {
            stage = newStage;
          }

          @Override
          public void advance(long steps) {
            if (stage.equals("time") && !done) {
              done = true;
              ProcessHandle.current()
                  .children()
                  .max(java.util.Comparator.comparing(p -> p.info().startInstant().orElseThrow()))
                  .orElseThrow()
                  .destroyForcibly();
            }
          }

          @Override
          public boolean cancelled() {
            return false;
          }
        };
    EvaluationReport report =
        Evaluation.of(List.of(new Variant("a", baseline), new Variant("b", variant)), data(true))
            .with(new EvaluationSettings(1, 1, 0.2, 0.3, 5, 5, 0))
            .reportingTo(killer)
            .run();
    EvaluationReport.Row first = report.variants().get(0);
    EvaluationReport.Row second = report.variants().get(1);
    assertThat(second.error()).contains("SIGKILL");
    assertThat(second.accuracy()).isNotNull();
    assertThat(first.error()).isNull();
    assertThat(Objects.requireNonNull(first.latencyMs()).samples()).isPositive();
    assertThat(report.warnings()).anyMatch(w -> w.contains("SIGKILL"));
  }

  @Test
  void aCallerCanStopIt() {
    Progress stopped =
        new Progress() {
          private int calls;

          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return calls++ > 20;
          }
        };
    assertThatThrownBy(() -> both(data(true)).reportingTo(stopped).run())
        .isInstanceOf(CancelledException.class);
  }
}
