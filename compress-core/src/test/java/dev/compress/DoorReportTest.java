package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.data.Dataset;
import dev.compress.energy.CounterMeter;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.RunEnergy;
import dev.compress.energy.TimeSource;
import dev.compress.onnx.OnnxReader;
import dev.compress.quantize.Target;
import dev.compress.report.TransformGateException;
import dev.compress.report.TransformReport;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a report says of the output, and what of it cannot be known. */
class DoorReportTest extends DoorBench {
  /** 50 W by a counter of this machine's time: the run's energy is its length times that. */
  private static Optional<EnergyMeter> fiftyWatts(AtomicInteger closed) {
    return Optional.of(
        new CounterMeter(
            new MeterDescription(
                "synthetic", "50 W", List.of("board"), "all", MeterTraits.counter(1e-9)),
            List.of(new RawCounter("board", () -> System.nanoTime() * 50, 1e-9)),
            TimeSource.system(),
            closed::incrementAndGet));
  }

  @Test
  void energyOfTheRunIsMetered() throws IOException {
    AtomicInteger closed = new AtomicInteger();
    Dataset data = data(1);
    Compress door =
        Compress.with(recipe("proof: none"))
            .calibratingOn(data)
            .meteredBy(() -> fiftyWatts(closed));
    TransformReport report = door.run(input, output, false);
    RunEnergy energy = Objects.requireNonNull(report.energy());

    assertThat(energy.kind()).isEqualTo(EnergyReading.Kind.MEASURED);
    assertThat(energy.seconds()).isGreaterThanOrEqualTo(report.wallSeconds() * 0.9);
    assertThat(energy.energyJ())
        .isCloseTo(50 * energy.seconds(), within(0.05 * 50 * energy.seconds() + 0.5));
    assertThat(closed).hasValue(1);
    assertThat(door.meteredBy(Optional::empty).run(input, output, true).energy()).isNull();
    assertThat(door.plan(input).energy()).isNull();
    assertThat(closed).hasValue(1);
  }

  @Test
  void namesThatMatchNothingAreTold() throws IOException {
    TransformReport report =
        Compress.with(recipe("proof: none", "exclude-ops: Foo", "only-nodes: nowhere"))
            .run(input, output, false);
    assertThat(report.warnings())
        .contains(
            "--exclude-ops Foo: the model has no such operator.",
            "--only-nodes nowhere: no node has a name that this matches as a whole.");
  }

  @Test
  void failedLimitTellsItsEnergyAsWell() throws IOException {
    AtomicInteger closed = new AtomicInteger();
    Dataset data = data(1);
    Compress door =
        Compress.with(recipe("proof: none", "max-drop: -1"))
            .calibratingOn(data)
            .holdingAccuracyOn(data)
            .meteredBy(() -> fiftyWatts(closed));
    TransformGateException e =
        catchThrowableOfType(TransformGateException.class, () -> door.run(input, output, false));

    assertThat(e.report().energy()).isNotNull();
    assertThat(closed).hasValue(1);
  }

  @ParameterizedTest
  @CsvSource({"fp16,cuda", "fp16,tensorrt", "int4,cuda", "int8,tensorrt"})
  void anotherDeviceIsNotTimedHere(String format, String target) throws IOException {
    TransformReport report =
        Compress.with(recipeFor(format, target)).calibratingOn(data(1)).run(input, output, false);
    assertThat(report.speed()).isNull();
    assertThat(report.fidelity()).isNotNull();
    assertThat(report.notes()).anyMatch(n -> n.contains("nothing was timed") && n.contains(target));
    assertThat(report.warnings()).noneMatch(w -> w.contains("slower") || w.contains("planned"));
  }

  @Test
  void speedOnAnotherProcessorIsMarkedAndFailsNothing() throws IOException {
    String other = Compress.thisMachine() == Target.ARM ? "cpu-vnni" : "arm";
    TransformReport report =
        Compress.with(recipeFor("int8", other)).calibratingOn(data(1)).run(input, output, false);
    assertThat(report.speed()).isNotNull();
    assertThat(report.notes()).anyMatch(n -> n.contains("this machine, which is no " + other));
    assertThat(report.notes()).noneMatch(n -> n.contains("slower than float"));
    assertThat(report.warnings()).noneMatch(w -> w.contains("slower"));
  }

  /** Runs something while child processes cannot start this program. */
  private static <T> T whileChildrenDie(java.util.function.Supplier<T> what) {
    String classPath = System.getProperty("java.class.path");
    System.setProperty("java.class.path", "nowhere");
    try {
      return what.get();
    } finally {
      System.setProperty("java.class.path", classPath);
    }
  }

  @Test
  void deathOfTheProofIsAWarning() throws IOException {
    Compress compress = Compress.with(recipe()).calibratingOn(data(1));
    TransformReport report = whileChildrenDie(() -> compress.run(input, output, false));
    assertThat(output).exists();
    assertThat(report.kernels()).isNull();
    assertThat(report.warnings()).anyMatch(w -> w.contains("crashed") && w.contains("unknown"));
  }

  @Test
  void strictTakesThatWarningAsAFailure() throws IOException {
    Compress compress = Compress.with(recipe("strict: true")).calibratingOn(data(1));
    assertThatThrownBy(() -> whileChildrenDie(() -> compress.run(input, output, false)))
        .isInstanceOf(TransformGateException.class)
        .hasMessageContaining("--strict");
    assertThat(filesLeft()).containsExactly("model.onnx");
  }

  @Test
  void reportHoldsWhatScriptsReadFromIt() throws IOException {
    TransformReport report =
        // static: auto would go back to float where this small model is measured to be slower
        Compress.with(recipe("quantize-mode: static"))
            .calibratingOn(data(1))
            .run(input, output, false);
    JsonNode json = new ObjectMapper().valueToTree(report);
    assertThat(keys(json))
        .contains(
            "schema",
            "tool",
            "input",
            "output",
            "recipe",
            "wall_seconds",
            "peak_rss_bytes",
            "passes",
            "kernels",
            "sparsity",
            "bits_per_weight",
            "warnings",
            "integer_mac_share",
            "load_ms",
            "load_peak_bytes");
    assertThat(json.get("schema").asText()).isEqualTo("compress.transform/1");
    assertThat(keys(json.get("tool"))).contains("version", "onnxruntime");
    assertThat(keys(json.get("input"))).contains("path", "sha256", "bytes", "parameters");
    assertThat(keys(json.get("output")))
        .contains("path", "sha256", "bytes", "bytes_zipped", "ratio");
    assertThat(keys(json.get("kernels"))).contains("integer", "float", "unplanned_float");
    for (JsonNode pass : json.get("passes")) {
      assertThat(keys(pass)).contains("name", "seconds", "changed", "skipped");
      for (JsonNode skipped : pass.get("skipped")) {
        assertThat(keys(skipped)).contains("node", "op", "reason");
      }
    }
    assertThat(json.at("/recipe/quantize").asText()).isEqualTo("int8");
    assertThat(json.at("/kernels/integer/Gemm").asInt()).isEqualTo(2);
    assertThat(json.at("/kernels/unplanned_float")).isEmpty();
    assertThat(json.get("integer_mac_share").asDouble()).isEqualTo(1);
    assertThat(json.at("/output/bytes").asLong()).isEqualTo(Files.size(output));
    assertThat(json.at("/output/ratio").asDouble())
        .isEqualTo((double) Files.size(input) / Files.size(output))
        .isGreaterThan(3);
    assertThat(json.get("bits_per_weight").asDouble()).isBetween(8.0, 9.0);
    assertThat(OnnxReader.read(output).model().metadata())
        .containsKeys("compress.recipe", "compress.version", "compress.calibration.sha256");
  }

  private static List<String> keys(JsonNode node) {
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  @ParameterizedTest
  @CsvSource({
    "calibration-method: kl, --calibration-method kl had no effect",
    "calibration-samples: 8, --calibration-samples 8 had no effect",
    "calibration-method: auto,"
  })
  void settingsOfACalibrationWithoutDataAreAWarning(String line, String warning)
      throws IOException {
    Compress bare = Compress.with(recipe("proof: none", line));
    for (TransformReport report : List.of(bare.plan(input), bare.run(input, output, true))) {
      List<String> told =
          report.warnings().stream().filter(w -> w.contains("--calibration-")).toList();
      assertThat(told).hasSize(warning == null ? 0 : 1);
      assertThat(told).allMatch(w -> w.startsWith(warning));
    }
    TransformReport calibrated =
        Compress.with(recipe("proof: none", line)).calibratingOn(data(1)).run(input, output, true);
    assertThat(calibrated.warnings()).noneMatch(w -> w.contains("no effect"));
  }
}
