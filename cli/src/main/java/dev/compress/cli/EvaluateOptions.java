package dev.compress.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code compress evaluate} measures, how, and where to. */
final class EvaluateOptions {
  @Option(
      names = "--data",
      order = 1,
      paramLabel = "PATH",
      description = "Data to run, with or without labels, or sample:NAME. Needed.")
  @Nullable String data;

  @Option(
      names = "--data-config",
      order = 2,
      paramLabel = "FILE",
      description = "Describes the data. Default: NAME.yaml beside it, if there is one.")
  @Nullable Path dataConfig;

  @Option(
      names = "--baseline",
      order = 3,
      paramLabel = "MODEL",
      description = "What the others are compared with. Default: the first model.")
  @Nullable String baseline;

  @Option(
      names = "--device",
      order = 4,
      paramLabel = "DEVICE",
      description = "cpu, cuda[:N] or tensorrt[:N]; repeatable. Default: cpu.")
  List<String> devices = List.of();

  @Option(
      names = "--natives",
      order = 5,
      paramLabel = "DIR",
      description =
          "ONNX Runtime's libraries for GPUs, as in onnxruntime_gpu's jar. Default: those of this"
              + " installation.")
  @Nullable Path natives;

  @Option(
      names = "--threads",
      order = 5,
      paramLabel = "N",
      description = "Threads inside an operator. Default: 1.")
  @Nullable Integer threads;

  @Option(
      names = "--batch",
      order = 6,
      paramLabel = "N",
      description = "Samples a run for latency and energy. Default: 1.")
  @Nullable Integer batch;

  @Option(
      names = "--warmup",
      order = 7,
      paramLabel = "SECONDS",
      description = "At most, for each variant; it ends once times are steady. Default: 10.")
  @Nullable Double warmup;

  @Option(
      names = "--min-window",
      order = 8,
      paramLabel = "SECONDS",
      description =
          "The shortest window. Default: 10 where energy is measured, 1 for latency alone.")
  @Nullable Double minWindow;

  @Option(
      names = "--rounds",
      order = 9,
      paramLabel = "K",
      description =
          "Windows of every variant at most, 5 to 30. Default: 30; it ends earlier once every"
              + " ratio is known to two per cent.")
  @Nullable Integer rounds;

  @Option(
      names = "--quick",
      order = 10,
      description = "A first look: shorter warm-up and one-second windows.")
  boolean quick;

  @Option(
      names = "--seed",
      order = 11,
      paramLabel = "N",
      description = "For the order of the windows. Default: 0.")
  @Nullable Long seed;

  @Option(
      names = "--energy",
      order = 15,
      paramLabel = "SOURCE",
      description =
          "auto (default), rapl, perf, nvml, hwmon, battery, shelly:HOST, file:CSV (a meter's"
              + " time stamps and watts) or none.")
  @Nullable String energy;

  @Option(
      names = "--require-measured",
      order = 16,
      description = "Fail (exit 4) where no sensor of energy can be read.")
  boolean requireMeasured;

  @Option(
      names = "--carbon",
      order = 17,
      paramLabel = "COUNTRY|GRAMS",
      description =
          "Tell grams of CO2 equivalents too: by a country's grid (such as FRA), or grams a kWh."
              + " Default: none.")
  @Nullable String carbon;

  @Option(
      names = "--pue",
      order = 18,
      paramLabel = "X",
      description = "What the building takes for each joule of the machine. Default: 1.")
  @Nullable Double pue;

  @Option(
      names = "--price",
      order = 19,
      paramLabel = "PER_KWH",
      description = "Tell the cost too, in the price's currency. Default: none.")
  @Nullable Double price;

  @Option(
      names = "--transform-report",
      order = 19,
      paramLabel = "FILE",
      description =
          "JSON report of the transformation that made a variant, to tell after how many samples"
              + " its energy is paid back. Repeatable. Default: x.json or x.onnx.json beside x.onnx.")
  List<Path> transformReports = List.of();

  @Option(
      names = "--max-drop",
      order = 20,
      paramLabel = "POINTS",
      description =
          "Fail (exit 5) where accuracy falls by more, beyond doubt: points of 100, or per cent of"
              + " an error. Default: no limit.")
  @Nullable Double maxDrop;

  @Option(
      names = "--max-latency-ratio",
      order = 21,
      paramLabel = "X",
      description = "Fail where the time over the baseline's is larger. Default: no limit.")
  @Nullable Double maxLatencyRatio;

  @Option(
      names = "--max-energy-ratio",
      order = 22,
      paramLabel = "X",
      description = "Fail where the energy over the baseline's is larger. Default: no limit.")
  @Nullable Double maxEnergyRatio;

  @Option(
      names = "--merge",
      order = 29,
      description =
          "Measure nothing: the arguments are reports that were saved as .json, on one machine or"
              + " several, to show in one picture.")
  boolean merge;

  @Option(
      names = "--report",
      order = 30,
      paramLabel = "FILE",
      description =
          "Write the report there too: .json, .html, .md, or .xml (JUnit). Repeatable. Default:"
              + " none.")
  List<Path> reports = List.of();

  /** What was given that only a measurement can heed; empty if nothing was. */
  Optional<String> ofMeasurement() {
    Map<String, Boolean> given = new LinkedHashMap<>();
    given.put("--data", data != null);
    given.put("--data-config", dataConfig != null);
    given.put("--baseline", baseline != null);
    given.put("--device", !devices.isEmpty());
    given.put("--natives", natives != null);
    given.put("--threads", threads != null);
    given.put("--batch", batch != null);
    given.put("--warmup", warmup != null);
    given.put("--min-window", minWindow != null);
    given.put("--rounds", rounds != null);
    given.put("--quick", quick);
    given.put("--seed", seed != null);
    given.put("--energy", energy != null);
    given.put("--require-measured", requireMeasured);
    given.put("--transform-report", !transformReports.isEmpty());
    return given.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).findFirst();
  }
}
