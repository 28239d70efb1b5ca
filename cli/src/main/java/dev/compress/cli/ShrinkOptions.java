package dev.compress.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How weights are pruned, clustered and stored. */
final class ShrinkOptions {
  @Option(
      names = "--prune",
      order = 10,
      paramLabel = "SHARE",
      description =
          "Set that share of the weights to zero, or remove that share of the channels: 0.9, or"
              + " 90%%. With calibration data the others make up for it. Default: none.")
  @Nullable String pruneShare;

  @Option(
      names = "--prune-kind",
      completionCandidates = Choices.PruneKind.class,
      order = 11,
      paramLabel = "KIND",
      description =
          "unstructured (default): any weights; 2:4: two of every four, which is half of them; or"
              + " channels: channels, attention heads and hidden units are removed, which makes the"
              + " model faster too.")
  @Nullable String pruneKind;

  @Option(
      names = "--prune-criterion",
      completionCandidates = Choices.PruneCriterion.class,
      order = 12,
      paramLabel = "WHAT",
      description =
          "Which weights matter: by magnitude; by activation, magnitude times what the calibration"
              + " data multiplies it with; or by taylor, magnitude times the gradient of the loss on"
              + " that data; for channels also bn, the scale of the batch normalization. Default: with such data what it costs after the others made up for it,"
              + " for channels activation; else magnitude.")
  @Nullable String pruneCriterion;

  @Option(
      names = "--prune-allocation",
      completionCandidates = Choices.PruneAllocation.class,
      order = 13,
      paramLabel = "HOW",
      description =
          "global: more from layers that can spare it; or layer: the share of each. Default: global,"
              + " for channels layer.")
  @Nullable String pruneAllocation;

  @Option(
      names = "--prune-target",
      completionCandidates = Choices.PruneTarget.class,
      order = 14,
      paramLabel = "OF",
      description =
          "What is to shrink by the share: channels (default), params, macs, the multiplications,"
              + " or latency, measured on this machine.")
  @Nullable String pruneTarget;

  @Option(
      names = "--channel-round",
      order = 15,
      paramLabel = "N",
      description = "Leave each layer a multiple of that many channels. Default: 8.")
  @Nullable Integer channelRound;

  @Option(
      names = "--prune-schedule",
      completionCandidates = Choices.PruneSchedule.class,
      order = 15,
      paramLabel = "WHEN",
      description =
          "once (default), before it is tuned; or agp: little by little while it is, with"
              + " --fine-tune.")
  @Nullable String pruneSchedule;

  @Option(
      names = "--low-rank",
      order = 16,
      paramLabel = "ENERGY",
      description =
          "Make two small layers of one where that keeps so much of the energy of its singular"
              + " values, over 0 and under 1, and is measured to be faster here. Default: none.")
  @Nullable Double lowRank;

  @Option(
      names = "--cluster",
      order = 17,
      paramLabel = "K",
      description =
          "Leave each weight tensor at most that many distinct values, 2 to 256. Default: none.")
  @Nullable Integer cluster;

  @Option(
      names = "--cluster-groups",
      order = 17,
      paramLabel = "N",
      description =
          "With --cluster: cut the output channels of each weight into that many runs, each with K"
              + " values of its own. Default: 1.")
  @Nullable Integer clusterGroups;

  @Option(
      names = "--pack",
      completionCandidates = Choices.Pack.class,
      order = 18,
      paramLabel = "WHEN",
      description =
          "Store weights in their smallest exact form: auto (default): after pruning or clustering,"
              + " within bounds of load time and memory; always; or none.")
  @Nullable String pack;

  @Option(
      names = "--fine-tune",
      order = 18,
      paramLabel = "EPOCHS",
      description =
          "Train what is left on --train-data, with the input as a teacher; zeros, shared values and"
              + " removed channels stay. Default: none.")
  @Nullable Integer fineTune;

  @Option(
      names = "--train-data",
      order = 18,
      paramLabel = "PATH",
      description = "Data to tune on, with or without labels, or sample:NAME. Default: none.")
  @Nullable String trainData;

  @Option(
      names = "--validation-data",
      order = 18,
      paramLabel = "PATH",
      description =
          "Data to choose the best epoch on. Default: a tenth of the training data, by seed.")
  @Nullable String validationData;

  @Option(
      names = "--augment",
      order = 18,
      paramLabel = "HOW",
      description =
          "Change images at random while tuning: shift, flip and cutout, separated by commas, such as"
              + " shift=2. Default: none.")
  @Nullable String augment;

  @Option(
      names = "--checkpoint",
      order = 18,
      paramLabel = "FILE",
      description =
          "Keep the state of the tuning there, at least each minute. Default: beside the output, and"
              + " removed at the end.")
  @Nullable Path checkpoint;

  @Option(
      names = "--resume",
      order = 18,
      description = "Go on from the checkpoint, if there is one; the result is the same.")
  boolean resume;

  @Option(
      names = "--quantization-aware",
      negatable = true,
      order = 18,
      description =
          "Tune int8 through its quantization, learning codes and ranges. Default: with --fine-tune,"
              + " where ranges are calibrated.")
  @Nullable Boolean quantizationAware;

  /** The share to prune, a number from a number or a percentage. */
  @Nullable Double prune() {
    String text = pruneShare;
    if (text == null) {
      return null;
    }
    boolean percent = text.endsWith("%");
    try {
      double number = Double.parseDouble(percent ? text.substring(0, text.length() - 1) : text);
      return percent ? number / 100 : number;
    } catch (NumberFormatException e) {
      throw new UsageException(
          "--prune " + text + ": give a share such as 0.5, or a percentage such as 50%.");
    }
  }
}
