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
    return new Recipe(
        first(quantize.quantize, base.quantize()),
        first(quantize.mode, base.quantizeMode()),
        first(quantize.target, base.target()),
        first(quantize.excludeNodes, base.excludeNodes()),
        first(quantize.excludeOps, base.excludeOps()),
        first(quantize.onlyNodes, base.onlyNodes()),
        first(data.calibrationData, base.calibrationData()),
        first(data.calibrationSamples, base.calibrationSamples()),
        first(data.calibrationMethod, base.calibrationMethod()),
        first(quantize.rounding, base.rounding()),
        first(data.data, base.data()),
        first(data.dataConfig, base.dataConfig()),
        first(data.maxDrop, base.maxDrop()),
        first(quantize.opset, base.opset()),
        first(data.proof, base.proof()),
        first(data.strict, base.strict()),
        first(run.seed, base.seed()),
        first(run.threads, base.threads()),
        first(shrink.prune(), base.prune()),
        first(shrink.pruneKind, base.pruneKind()),
        first(shrink.pruneCriterion, base.pruneCriterion()),
        first(shrink.pruneAllocation, base.pruneAllocation()),
        first(shrink.pruneTarget, base.pruneTarget()),
        first(shrink.channelRound, base.channelRound()),
        first(shrink.cluster, base.cluster()),
        first(shrink.pack, base.pack()));
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
