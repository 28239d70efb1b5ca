package dev.compress.cli;

import dev.compress.recipe.Recipe;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Options that say how, where the one that says what is missing. */
final class Dependents {
  private Dependents() {}

  /** Those of quantization are not heeded by anything else. */
  static void requireQuantize(Recipe recipe) {
    if (recipe.quantize() != null) {
      return;
    }
    Map<String, Boolean> given = new LinkedHashMap<>();
    given.put("--quantize-mode", recipe.quantizeMode() != null);
    given.put("--rounding", recipe.rounding() != null);
    given.put("--calibration-method", recipe.calibrationMethod() != null);
    given.put("--quantization-aware", Boolean.TRUE.equals(recipe.quantizationAware()));
    first(given)
        .ifPresent(
            option -> {
              throw new UsageException(
                  option + " says how to quantize, and not to what. Add --quantize int8.");
            });
  }

  /** What to say where nothing is to be done. */
  static String advice(Recipe recipe, ShrinkOptions options) {
    return first(ofPruning(recipe))
        .map(
            option ->
                option
                    + " says how to prune, and not how much. Add --prune SHARE, such as --prune"
                    + " 0.5.")
        .or(
            () ->
                first(ofTuning(recipe, options))
                    .map(option -> option + " is for tuning. Add --fine-tune EPOCHS."))
        .orElse(
            "What is to be done to the model? Add --quantize int8, fp16 or int4, --prune SHARE,"
                + " --cluster K, --pack always, or --recipe FILE.");
  }

  private static Map<String, Boolean> ofPruning(Recipe recipe) {
    Map<String, Boolean> given = new LinkedHashMap<>();
    given.put("--prune-kind", recipe.pruneKind() != null);
    given.put("--prune-criterion", recipe.pruneCriterion() != null);
    given.put("--prune-allocation", recipe.pruneAllocation() != null);
    given.put("--prune-target", recipe.pruneTarget() != null);
    given.put("--channel-round", recipe.channelRound() != null);
    given.put("--prune-schedule", recipe.pruneSchedule() != null);
    return given;
  }

  private static Map<String, Boolean> ofTuning(Recipe recipe, ShrinkOptions options) {
    Map<String, Boolean> given = new LinkedHashMap<>();
    given.put("--train-data", recipe.trainData() != null);
    given.put("--validation-data", recipe.validationData() != null);
    given.put("--augment", recipe.augment() != null);
    given.put("--checkpoint", options.checkpoint != null);
    given.put("--resume", options.resume);
    return given;
  }

  private static Optional<String> first(Map<String, Boolean> given) {
    return given.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).findFirst();
  }
}
