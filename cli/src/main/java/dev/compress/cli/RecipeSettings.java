package dev.compress.cli;

import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The recipe that the options make, on top of the one of a file. */
final class RecipeSettings {
  private RecipeSettings() {}

  /**
   * The settings of a command.
   *
   * @param command with its options parsed
   */
  static Recipe of(CompressCommand command) {
    Path file = command.run.recipe;
    Recipe base = file == null ? Recipe.EMPTY : read(file);
    QuantizeOptions quantize = command.quantize;
    DataOptions data = command.data;
    RunOptions run = command.run;
    ShrinkOptions shrink = command.shrink;
    return base.toBuilder()
        .quantize(first(quantize.quantize, base.quantize()))
        .quantizeMode(first(quantize.mode, base.quantizeMode()))
        .target(first(quantize.target, base.target()))
        .excludeNodes(first(quantize.excludeNodes, base.excludeNodes()))
        .excludeOps(first(quantize.excludeOps, base.excludeOps()))
        .onlyNodes(first(quantize.onlyNodes, base.onlyNodes()))
        .calibrationData(first(data.calibrationData, base.calibrationData()))
        .calibrationSamples(first(data.calibrationSamples, base.calibrationSamples()))
        .calibrationMethod(first(data.calibrationMethod, base.calibrationMethod()))
        .rounding(first(quantize.rounding, base.rounding()))
        .data(first(data.data, base.data()))
        .dataConfig(first(data.dataConfig, base.dataConfig()))
        .maxDrop(first(data.maxDrop, base.maxDrop()))
        .opset(first(quantize.opset, base.opset()))
        .proof(first(data.proof, base.proof()))
        .strict(first(data.strict, base.strict()))
        .seed(first(run.seed, base.seed()))
        .threads(first(run.threads, base.threads()))
        .prune(first(shrink.prune(), base.prune()))
        .pruneKind(first(shrink.pruneKind, base.pruneKind()))
        .pruneCriterion(first(shrink.pruneCriterion, base.pruneCriterion()))
        .pruneAllocation(first(shrink.pruneAllocation, base.pruneAllocation()))
        .pruneTarget(first(shrink.pruneTarget, base.pruneTarget()))
        .channelRound(first(shrink.channelRound, base.channelRound()))
        .lowRank(first(shrink.lowRank, base.lowRank()))
        .cluster(first(shrink.cluster, base.cluster()))
        .clusterGroups(first(shrink.clusterGroups, base.clusterGroups()))
        .pack(first(shrink.pack, base.pack()))
        .fineTune(first(shrink.fineTune, base.fineTune()))
        .pruneSchedule(first(shrink.pruneSchedule, base.pruneSchedule()))
        .trainData(first(shrink.trainData, base.trainData()))
        .validationData(first(shrink.validationData, base.validationData()))
        .augment(first(shrink.augment, base.augment()))
        .quantizationAware(first(shrink.quantizationAware, base.quantizationAware()))
        .build();
  }

  private static Recipe read(Path file) {
    try {
      return RecipeFile.read(file);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static <T> @Nullable T first(@Nullable T option, @Nullable T otherwise) {
    return option != null ? option : otherwise;
  }
}
