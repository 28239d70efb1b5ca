package dev.compress.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Files, and how the job runs. */
final class RunOptions {
  @Option(
      names = {"-o", "--output"},
      order = 40,
      paramLabel = "FILE",
      description = "The model to write. Default: beside the input, such as model.int8.onnx.")
  @Nullable Path output;

  @Option(
      names = "--force",
      order = 41,
      description = "Replace an existing output. Default: it is an error.")
  boolean force;

  @Option(
      names = "--report",
      order = 42,
      paramLabel = "FILE",
      description = "Write the report there too: .json or .html. Repeatable. Default: none.")
  List<Path> reports = List.of();

  @Option(
      names = "--energy",
      order = 42,
      paramLabel = "SOURCE",
      description =
          "What the report takes the energy of this run from: auto (default; estimated where there"
              + " is no sensor), rapl, perf, nvml, hwmon, battery, shelly:HOST, file:CSV or none.")
  @Nullable String energy;

  @Option(names = "--dry-run", order = 43, description = "Print the plan; write nothing.")
  boolean dryRun;

  @Option(
      names = "--recipe",
      order = 44,
      paramLabel = "FILE",
      description = "Read settings from a YAML or JSON file; options override it. Default: none.")
  @Nullable Path recipe;

  @Option(
      names = "--save-recipe",
      order = 45,
      paramLabel = "FILE",
      description = "Write the settings to a YAML or JSON file. Default: none.")
  @Nullable Path saveRecipe;

  @Option(
      names = "--seed",
      order = 46,
      paramLabel = "N",
      description = "For whatever is random. Default: 0.")
  @Nullable Long seed;

  @Option(
      names = "--threads",
      order = 47,
      paramLabel = "N",
      description = "Threads to use. Default: all cores.")
  @Nullable Integer threads;
}
