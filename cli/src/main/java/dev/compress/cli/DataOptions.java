package dev.compress.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Data, and what it has to prove. */
final class DataOptions {
  @Option(
      names = "--calibration-data",
      order = 20,
      paramLabel = "PATH",
      description =
          "Samples of the model's inputs, to find the ranges of its activations. Default: none; a"
              + " sample:NAME model has its own.")
  @Nullable String calibrationData;

  @Option(
      names = "--calibration-samples",
      order = 21,
      paramLabel = "N",
      description = "How many of them. Default: 300.")
  @Nullable Integer calibrationSamples;

  @Option(
      names = "--calibration-method",
      completionCandidates = Choices.Method.class,
      order = 22,
      paramLabel = "METHOD",
      description =
          "auto (default): the best per tensor by its output's error. Or minmax, percentile, kl,"
              + " mse.")
  @Nullable String calibrationMethod;

  @Option(
      names = "--calibration-cache",
      order = 23,
      paramLabel = "FILE",
      description =
          "Keep ranges there, and use them again for the same model and data. Default: none.")
  @Nullable Path calibrationCache;

  @Option(
      names = "--data",
      order = 24,
      paramLabel = "PATH",
      description =
          "Labelled samples, to measure and report the accuracy of input and output. Default:"
              + " none, the accuracy is not measured.")
  @Nullable String data;

  @Option(
      names = "--data-config",
      order = 25,
      paramLabel = "FILE",
      description =
          "A YAML file that says what the data cannot: preprocessing, labels, metric. It is for"
              + " --data; for --calibration-data too, unless a NAME.yaml lies beside that. Default:"
              + " the NAME.yaml beside each.")
  @Nullable String dataConfig;

  @Option(
      names = "--max-drop",
      order = 26,
      paramLabel = "POINTS",
      description =
          "Largest loss of accuracy on --data: points for rates, per cent of the input's for error"
              + " metrics. The most sensitive nodes go back to float until it holds; else exit 5 and"
              + " no output. Default: no limit.")
  @Nullable Double maxDrop;

  @Option(
      names = "--proof",
      completionCandidates = Choices.Proof.class,
      order = 27,
      paramLabel = "WHAT",
      description =
          "What to measure of the output: full (kernels, fidelity, speed), kernels, none, or auto"
              + " (default): full, kernels alone where the model is over 256 MiB and was not needed"
              + " for calibration.")
  @Nullable String proof;

  @Option(
      names = "--strict",
      order = 28,
      description =
          "What would be a warning about speed, kernels or NaN is exit 5 and no output. Default: a"
              + " warning.")
  @Nullable Boolean strict;
}
