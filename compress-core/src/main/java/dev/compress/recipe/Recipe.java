package dev.compress.recipe;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import org.jspecify.annotations.Nullable;

/**
 * What to do to a model. Each component is a flag of the command line of the same name; null is
 * that flag's default.
 *
 * @param quantize int8, fp16 or int4
 * @param quantizeMode auto, static, dynamic or weights
 * @param target cpu-vnni, cpu-avx2, arm, cuda or tensorrt
 * @param excludeNodes regular expression of node names to leave alone
 * @param excludeOps op types to leave alone, comma separated
 * @param onlyNodes regular expression of the only node names to change
 * @param calibrationData where the calibration data is
 * @param calibrationSamples how many samples to calibrate on
 * @param calibrationMethod auto, minmax, percentile, kl or mse
 * @param rounding nearest or adaptive
 * @param data labelled data to hold {@code maxDrop} on
 * @param dataConfig the file that describes the data, where the data cannot
 * @param maxDrop largest loss allowed, in points
 * @param opset the operator set that the output must not pass
 * @param proof auto, full, kernels or none
 * @param strict whether warnings about speed, kernels or NaN are failures
 * @param seed for whatever is random
 * @param threads how many to use
 * @param prune share of the weights to set to zero, or of the channels to remove, 0 to 1
 * @param pruneKind unstructured, 2:4 or channels
 * @param pruneCriterion magnitude or activation; bn for channels
 * @param pruneAllocation global or layer
 * @param pruneTarget what the share of channels is a share of instead: params or macs
 * @param channelRound what is left of a layer's channels is a multiple of that
 * @param lowRank share of the energy of a layer's singular values to keep, over 0 and under 1
 * @param cluster how many distinct values a weight may have, 2 to 256
 * @param clusterGroups how many runs of output channels have so many values of their own, 1 or more
 * @param pack auto, always or none
 * @param fineTune epochs of training after weights were taken away
 * @param pruneSchedule once, or agp: little by little while it is tuned
 * @param trainData data to tune on
 * @param validationData data to choose the best epoch on
 * @param augment what is changed of images at random while it is tuned, such as shift,flip
 * @param quantizationAware whether int8 is tuned through its quantization; by default with {@code
 *     fineTune}, where ranges are calibrated
 */
@JsonNaming(PropertyNamingStrategies.KebabCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Recipe(
    @Nullable String quantize,
    @Nullable String quantizeMode,
    @Nullable String target,
    @Nullable String excludeNodes,
    @Nullable String excludeOps,
    @Nullable String onlyNodes,
    @Nullable String calibrationData,
    @Nullable Integer calibrationSamples,
    @Nullable String calibrationMethod,
    @Nullable String rounding,
    @Nullable String data,
    @Nullable String dataConfig,
    @Nullable Double maxDrop,
    @Nullable Integer opset,
    @Nullable String proof,
    @Nullable Boolean strict,
    @Nullable Long seed,
    @Nullable Integer threads,
    @Nullable Double prune,
    @Nullable String pruneKind,
    @Nullable String pruneCriterion,
    @Nullable String pruneAllocation,
    @Nullable String pruneTarget,
    @Nullable Integer channelRound,
    @Nullable Double lowRank,
    @Nullable Integer cluster,
    @Nullable Integer clusterGroups,
    @Nullable String pack,
    @Nullable Integer fineTune,
    @Nullable String pruneSchedule,
    @Nullable String trainData,
    @Nullable String validationData,
    @Nullable String augment,
    @Nullable Boolean quantizationAware) {
  /** All defaults: prepares the model and changes no weights. */
  public static final Recipe EMPTY = new RecipeBuilder().build();

  /** These settings, to change some of them. */
  public RecipeBuilder toBuilder() {
    return new RecipeBuilder(this);
  }

  /** The same with another quantization format. */
  public Recipe withQuantize(String format) {
    return toBuilder().quantize(format).build();
  }

  /** The same with another proof mode. */
  public Recipe withProof(String mode) {
    return toBuilder().proof(mode).build();
  }

  /** The same with another share of weights pruned. */
  public Recipe withPrune(double share) {
    return toBuilder().prune(share).build();
  }

  /** The same with another number of distinct values a weight. */
  public Recipe withCluster(int centroids) {
    return toBuilder().cluster(centroids).build();
  }

  /** The same with another way to store weights. */
  public Recipe withPack(String mode) {
    return toBuilder().pack(mode).build();
  }
}
