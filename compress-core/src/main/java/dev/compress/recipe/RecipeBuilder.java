package dev.compress.recipe;

import org.jspecify.annotations.Nullable;

/**
 * Puts a {@link Recipe} together by the names of its settings; null is a setting's default. Not
 * thread-safe.
 */
public final class RecipeBuilder {
  private @Nullable String quantize;
  private @Nullable String quantizeMode;
  private @Nullable String target;
  private @Nullable String excludeNodes;
  private @Nullable String excludeOps;
  private @Nullable String onlyNodes;
  private @Nullable String calibrationData;
  private @Nullable Integer calibrationSamples;
  private @Nullable String calibrationMethod;
  private @Nullable String rounding;
  private @Nullable String data;
  private @Nullable String dataConfig;
  private @Nullable Double maxDrop;
  private @Nullable Integer opset;
  private @Nullable String proof;
  private @Nullable Boolean strict;
  private @Nullable Long seed;
  private @Nullable Integer threads;
  private @Nullable Double prune;
  private @Nullable String pruneKind;
  private @Nullable String pruneCriterion;
  private @Nullable String pruneAllocation;
  private @Nullable String pruneTarget;
  private @Nullable Integer channelRound;
  private @Nullable Double lowRank;
  private @Nullable Integer cluster;
  private @Nullable Integer clusterGroups;
  private @Nullable String pack;
  private @Nullable Integer fineTune;
  private @Nullable String pruneSchedule;
  private @Nullable String trainData;
  private @Nullable String validationData;
  private @Nullable String augment;
  private @Nullable Boolean quantizationAware;

  /** All defaults. */
  public RecipeBuilder() {}

  RecipeBuilder(Recipe recipe) {
    quantize = recipe.quantize();
    quantizeMode = recipe.quantizeMode();
    target = recipe.target();
    excludeNodes = recipe.excludeNodes();
    excludeOps = recipe.excludeOps();
    onlyNodes = recipe.onlyNodes();
    calibrationData = recipe.calibrationData();
    calibrationSamples = recipe.calibrationSamples();
    calibrationMethod = recipe.calibrationMethod();
    rounding = recipe.rounding();
    data = recipe.data();
    dataConfig = recipe.dataConfig();
    maxDrop = recipe.maxDrop();
    opset = recipe.opset();
    proof = recipe.proof();
    strict = recipe.strict();
    seed = recipe.seed();
    threads = recipe.threads();
    prune = recipe.prune();
    pruneKind = recipe.pruneKind();
    pruneCriterion = recipe.pruneCriterion();
    pruneAllocation = recipe.pruneAllocation();
    pruneTarget = recipe.pruneTarget();
    channelRound = recipe.channelRound();
    lowRank = recipe.lowRank();
    cluster = recipe.cluster();
    clusterGroups = recipe.clusterGroups();
    pack = recipe.pack();
    fineTune = recipe.fineTune();
    pruneSchedule = recipe.pruneSchedule();
    trainData = recipe.trainData();
    validationData = recipe.validationData();
    augment = recipe.augment();
    quantizationAware = recipe.quantizationAware();
  }

  /** Sets int8, fp16 or int4. */
  public RecipeBuilder quantize(@Nullable String value) {
    quantize = value;
    return this;
  }

  /** Sets auto, static, dynamic or weights. */
  public RecipeBuilder quantizeMode(@Nullable String value) {
    quantizeMode = value;
    return this;
  }

  /** Sets cpu-vnni, cpu-avx2, arm, cuda or tensorrt. */
  public RecipeBuilder target(@Nullable String value) {
    target = value;
    return this;
  }

  /** Sets regular expression of node names to leave alone. */
  public RecipeBuilder excludeNodes(@Nullable String value) {
    excludeNodes = value;
    return this;
  }

  /** Sets op types to leave alone, comma separated. */
  public RecipeBuilder excludeOps(@Nullable String value) {
    excludeOps = value;
    return this;
  }

  /** Sets regular expression of the only node names to change. */
  public RecipeBuilder onlyNodes(@Nullable String value) {
    onlyNodes = value;
    return this;
  }

  /** Sets where the calibration data is. */
  public RecipeBuilder calibrationData(@Nullable String value) {
    calibrationData = value;
    return this;
  }

  /** Sets how many samples to calibrate on. */
  public RecipeBuilder calibrationSamples(@Nullable Integer value) {
    calibrationSamples = value;
    return this;
  }

  /** Sets auto, minmax, percentile, kl or mse. */
  public RecipeBuilder calibrationMethod(@Nullable String value) {
    calibrationMethod = value;
    return this;
  }

  /** Sets nearest or adaptive. */
  public RecipeBuilder rounding(@Nullable String value) {
    rounding = value;
    return this;
  }

  /** Sets labelled data to hold {@code maxDrop} on. */
  public RecipeBuilder data(@Nullable String value) {
    data = value;
    return this;
  }

  /** Sets the file that describes the data, where the data cannot. */
  public RecipeBuilder dataConfig(@Nullable String value) {
    dataConfig = value;
    return this;
  }

  /** Sets largest loss allowed, in points. */
  public RecipeBuilder maxDrop(@Nullable Double value) {
    maxDrop = value;
    return this;
  }

  /** Sets the operator set that the output must not pass. */
  public RecipeBuilder opset(@Nullable Integer value) {
    opset = value;
    return this;
  }

  /** Sets auto, full, kernels or none. */
  public RecipeBuilder proof(@Nullable String value) {
    proof = value;
    return this;
  }

  /** Sets whether warnings about speed, kernels or NaN are failures. */
  public RecipeBuilder strict(@Nullable Boolean value) {
    strict = value;
    return this;
  }

  /** Sets for whatever is random. */
  public RecipeBuilder seed(@Nullable Long value) {
    seed = value;
    return this;
  }

  /** Sets how many to use. */
  public RecipeBuilder threads(@Nullable Integer value) {
    threads = value;
    return this;
  }

  /** Sets share of the weights to set to zero, or of the channels to remove, 0 to 1. */
  public RecipeBuilder prune(@Nullable Double value) {
    prune = value;
    return this;
  }

  /** Sets unstructured, 2:4 or channels. */
  public RecipeBuilder pruneKind(@Nullable String value) {
    pruneKind = value;
    return this;
  }

  /** Sets magnitude or activation; bn for channels. */
  public RecipeBuilder pruneCriterion(@Nullable String value) {
    pruneCriterion = value;
    return this;
  }

  /** Sets global or layer. */
  public RecipeBuilder pruneAllocation(@Nullable String value) {
    pruneAllocation = value;
    return this;
  }

  /** Sets what the share of channels is a share of instead: params or macs. */
  public RecipeBuilder pruneTarget(@Nullable String value) {
    pruneTarget = value;
    return this;
  }

  /** Sets what is left of a layer's channels is a multiple of that. */
  public RecipeBuilder channelRound(@Nullable Integer value) {
    channelRound = value;
    return this;
  }

  /** {@link Recipe#lowRank}. */
  public RecipeBuilder lowRank(@Nullable Double value) {
    lowRank = value;
    return this;
  }

  /** Sets how many distinct values a weight may have, 2 to 256. */
  public RecipeBuilder cluster(@Nullable Integer value) {
    cluster = value;
    return this;
  }

  /** Sets how many runs of output channels have values of their own, 1 or more. */
  public RecipeBuilder clusterGroups(@Nullable Integer value) {
    clusterGroups = value;
    return this;
  }

  /** Sets auto, always or none. */
  public RecipeBuilder pack(@Nullable String value) {
    pack = value;
    return this;
  }

  /** Sets the epochs of training after weights were taken away. */
  public RecipeBuilder fineTune(@Nullable Integer value) {
    fineTune = value;
    return this;
  }

  /** Sets once or agp. */
  public RecipeBuilder pruneSchedule(@Nullable String value) {
    pruneSchedule = value;
    return this;
  }

  /** Sets the data to tune on. */
  public RecipeBuilder trainData(@Nullable String value) {
    trainData = value;
    return this;
  }

  /** Sets the data to choose the best epoch on. */
  public RecipeBuilder validationData(@Nullable String value) {
    validationData = value;
    return this;
  }

  /** Sets what is changed of images at random while it is tuned. */
  public RecipeBuilder augment(@Nullable String value) {
    augment = value;
    return this;
  }

  /** Sets whether int8 is tuned through its quantization. */
  public RecipeBuilder quantizationAware(@Nullable Boolean value) {
    quantizationAware = value;
    return this;
  }

  /** The recipe of what was set. */
  public Recipe build() {
    return new Recipe(
        quantize,
        quantizeMode,
        target,
        excludeNodes,
        excludeOps,
        onlyNodes,
        calibrationData,
        calibrationSamples,
        calibrationMethod,
        rounding,
        data,
        dataConfig,
        maxDrop,
        opset,
        proof,
        strict,
        seed,
        threads,
        prune,
        pruneKind,
        pruneCriterion,
        pruneAllocation,
        pruneTarget,
        channelRound,
        lowRank,
        cluster,
        clusterGroups,
        pack,
        fineTune,
        pruneSchedule,
        trainData,
        validationData,
        augment,
        quantizationAware);
  }
}
