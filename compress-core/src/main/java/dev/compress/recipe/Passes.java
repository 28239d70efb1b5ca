package dev.compress.recipe;

import dev.compress.calibrate.RangeMethod;
import dev.compress.cluster.ClusterWeights;
import dev.compress.cluster.CodeClusters;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.lowrank.FactoriseLayers;
import dev.compress.pack.PackWeights;
import dev.compress.pack.TrimQuantization;
import dev.compress.pack.UnpackWeights;
import dev.compress.pass.CompressionPass;
import dev.compress.prepare.FoldBatchNorm;
import dev.compress.prepare.PreparePasses;
import dev.compress.prepare.UpgradeOpset;
import dev.compress.prepare.WidenFloat16;
import dev.compress.proof.ProofMode;
import dev.compress.prune.PruneAllocation;
import dev.compress.prune.PruneCriterion;
import dev.compress.prune.PruneKind;
import dev.compress.prune.PruneWeights;
import dev.compress.prune.channels.ChannelCriterion;
import dev.compress.prune.channels.ChannelTarget;
import dev.compress.prune.channels.PruneChannels;
import dev.compress.quantize.CodeMap;
import dev.compress.quantize.ConvertFloat16;
import dev.compress.quantize.FuseMatMulAdd;
import dev.compress.quantize.ImproveAccuracy;
import dev.compress.quantize.NodeFilter;
import dev.compress.quantize.PointConvsAsGemm;
import dev.compress.quantize.PoolSpatialMeans;
import dev.compress.quantize.QuantizationMode;
import dev.compress.quantize.QuantizeInt4;
import dev.compress.quantize.QuantizeInt8;
import dev.compress.quantize.Rounding;
import dev.compress.quantize.StoreFloat16;
import dev.compress.quantize.Target;
import dev.compress.train.Augmentation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The passes that a recipe stands for, in the order in which they run: the one list of all.
 *
 * @param recipe with every text checked
 * @param filter which nodes may be changed
 * @param target where the model will run
 */
public record Passes(Recipe recipe, NodeFilter filter, Target target) {
  /**
   * Checks a recipe.
   *
   * @param recipe the settings
   * @param here the target where the recipe names none: this machine's
   * @throws IllegalArgumentException naming the setting that is wrong and what it may be
   */
  public static Passes of(Recipe recipe, Target here) {
    String wanted = recipe.target();
    Target target =
        wanted == null
            ? here
            : Target.of(wanted)
                .orElseThrow(
                    () ->
                        unknown(
                            "target",
                            wanted,
                            Arrays.stream(Target.values()).map(Target::id).toList()));
    String excludedOps = recipe.excludeOps();
    Set<String> ops =
        excludedOps == null
            ? Set.of()
            : Arrays.stream(excludedOps.split(","))
                .map(String::strip)
                .filter(s -> !s.isEmpty())
                .collect(Collectors.toSet());
    NodeFilter filter;
    try {
      filter = new NodeFilter(orEmpty(recipe.excludeNodes()), ops, orEmpty(recipe.onlyNodes()));
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "'" + e.getPattern() + "' is no regular expression: " + e.getDescription() + ".", e);
    }
    Passes passes = new Passes(recipe, filter, target);
    passes.quantization();
    passes.mode();
    passes.method();
    passes.proof();
    passes.rounding();
    passes.packMode();
    passes.pruning();
    passes.channelPruning();
    passes.clustering();
    passes.gradualPruning();
    passes.quantizationAware();
    passes.augmentation();
    passes.lowRank();
    return passes;
  }

  /** The formats of quantization. */
  public enum Quantization {
    NONE,
    INT8,
    FP16,
    INT4
  }

  /** The format that the recipe wants. */
  public Quantization quantization() {
    return choice("quantize", recipe.quantize(), Quantization.NONE, Quantization.values());
  }

  /** How activations get their ranges. */
  public QuantizationMode mode() {
    return choice(
        "quantize-mode", recipe.quantizeMode(), QuantizationMode.AUTO, QuantizationMode.values());
  }

  /** How weights are rounded. */
  public Rounding rounding() {
    return choice("rounding", recipe.rounding(), Rounding.NEAREST, Rounding.values());
  }

  /** How much is proved after writing. */
  public ProofMode proof() {
    return choice("proof", recipe.proof(), ProofMode.AUTO, ProofMode.values());
  }

  /** How ranges are fitted; empty for the best of all per tensor. */
  public Optional<RangeMethod> method() {
    String text = recipe.calibrationMethod();
    return text == null || text.equals("auto")
        ? Optional.empty()
        : Optional.of(RangeMethod.parse(text));
  }

  /**
   * The passes that bring a model into the form that quantization needs, in order.
   *
   * @param model the model that they will run on
   */
  public List<CompressionPass> preparing(OnnxModel model) {
    return PreparePasses.all(opset(model), onceConstant());
  }

  /**
   * The same for a model that is tuned next: batch normalization stays, because training wants it.
   *
   * @param model as it is read
   * @return in order
   */
  public List<CompressionPass> preparingToTune(OnnxModel model) {
    return preparing(model).stream().filter(p -> !(p instanceof FoldBatchNorm)).toList();
  }

  private long opset(OnnxModel model) {
    long wanted =
        switch (quantization()) {
          case NONE -> model.opset();
          // Newer versions allow float16 in more operators.
          case FP16 -> target.isCpu() ? model.opset() : UpgradeOpset.PER_CHANNEL;
          case INT8 -> UpgradeOpset.PER_CHANNEL;
          case INT4 -> UpgradeOpset.FOUR_BITS;
        };
    Integer cap = recipe.opset();
    if (cap != null && cap < model.opset()) {
      throw new UnsupportedModelException(
          "The model uses operator set "
              + model.opset()
              + ", and --opset "
              + cap
              + " asks for an older one. Give "
              + model.opset()
              + " or more, or export the model for the older one.");
    }
    if (packMode() == Packing.ALWAYS || (packMode() == Packing.AUTO && leavesPatterns())) {
      wanted = Math.max(wanted, PackWeights.OPSET);
    }
    return Math.max(model.opset(), cap == null ? wanted : Math.min(cap, wanted));
  }

  private List<CompressionPass> onceConstant() {
    List<CompressionPass> onceConstant = new ArrayList<>();
    onceConstant.add(new UnpackWeights(false));
    boolean integers = quantization() == Quantization.INT8 || quantization() == Quantization.INT4;
    if (integers && target.isCpu()) {
      onceConstant.add(new WidenFloat16());
    }
    // While batch normalization is there to tell.
    channelPruning().filter(PruneChannels::wantsBatchNorm).ifPresent(onceConstant::add);
    return onceConstant;
  }

  /** When weights are stored in their smallest form. */
  public enum Packing {
    AUTO,
    ALWAYS,
    NONE
  }

  /** When weights are packed. */
  public Packing packMode() {
    return choice("pack", recipe.pack(), Packing.AUTO, Packing.values());
  }

  /** Whether weights are changed before or beside their quantization. */
  public boolean reshapesWeights() {
    return leavesPatterns()
        || channelPruning().isPresent()
        || lowRank().isPresent()
        || recipe.fineTune() != null;
  }

  /** Whether weights get zeros or repeated values, which can be stored in less. */
  private boolean leavesPatterns() {
    return pruning().isPresent() || recipe.cluster() != null;
  }

  private static final String CHANNELS = "channels";

  /** The removal of channels that the recipe wants. */
  public Optional<PruneChannels> channelPruning() {
    Double share = recipe.prune();
    if (!CHANNELS.equals(recipe.pruneKind()) || share == null || share == 0) {
      return Optional.empty();
    }
    String by = recipe.pruneCriterion();
    Optional<ChannelCriterion> criterion =
        by == null
            ? Optional.empty()
            : Optional.of(
                choice(
                    "prune-criterion", by, ChannelCriterion.MAGNITUDE, ChannelCriterion.values()));
    PruneAllocation allocation =
        choice(
            "prune-allocation",
            recipe.pruneAllocation(),
            PruneAllocation.LAYER,
            PruneAllocation.values());
    Integer round = recipe.channelRound();
    if (round != null && round < 1) {
      throw new IllegalArgumentException("--channel-round " + round + ": give 1 or more.");
    }
    return Optional.of(
        new PruneChannels(
            share,
            choice(
                "prune-target",
                recipe.pruneTarget(),
                ChannelTarget.CHANNELS,
                ChannelTarget.values()),
            criterion,
            allocation == PruneAllocation.GLOBAL,
            round == null ? PruneChannels.USUAL_ROUND : round,
            filter));
  }

  /** The pruning that the recipe wants. */
  public Optional<PruneWeights> pruning() {
    String kindText = recipe.pruneKind() == null ? "unstructured" : recipe.pruneKind();
    if (!List.of("unstructured", "2:4", CHANNELS).contains(kindText)) {
      throw unknown("prune-kind", kindText, List.of("unstructured", "2:4", CHANNELS));
    }
    boolean forChannels = recipe.pruneTarget() != null || recipe.channelRound() != null;
    if (forChannels && !kindText.equals(CHANNELS)) {
      throw new IllegalArgumentException(
          "--prune-target and --channel-round are for channels. Add --prune-kind channels.");
    }
    if (kindText.equals(CHANNELS) && recipe.prune() != null) {
      return Optional.empty();
    }
    PruneKind kind = kindText.equals("2:4") ? PruneKind.TWO_OF_FOUR : PruneKind.UNSTRUCTURED;
    String criterion = recipe.pruneCriterion();
    Optional<PruneCriterion> by =
        criterion == null
            ? Optional.empty()
            : Optional.of(
                choice(
                    "prune-criterion",
                    criterion,
                    PruneCriterion.MAGNITUDE,
                    PruneCriterion.values()));
    PruneAllocation allocation =
        choice(
            "prune-allocation",
            recipe.pruneAllocation(),
            PruneAllocation.GLOBAL,
            PruneAllocation.values());
    Double share = recipe.prune() == null && kindText.equals("2:4") ? (Double) 0.5 : recipe.prune();
    if (share == null) {
      if (criterion != null || recipe.pruneAllocation() != null || recipe.pruneKind() != null) {
        throw new IllegalArgumentException(
            "How to prune was said, and not how much. Add --prune SHARE, such as --prune 0.5.");
      }
      return Optional.empty();
    }
    PruneWeights pruning = new PruneWeights(share, kind, by, allocation, filter);
    return share == 0 ? Optional.empty() : Optional.of(pruning);
  }

  /** The factorisation of layers that the recipe wants. */
  private Optional<FactoriseLayers> lowRank() {
    Double energy = recipe.lowRank();
    return energy == null ? Optional.empty() : Optional.of(new FactoriseLayers(energy, filter));
  }

  /** How many values clustering leaves a weight at most, all groups together; 0 without it. */
  public int sharedValues() {
    Integer centroids = recipe.cluster();
    return centroids == null ? 0 : (int) Math.min(1L << 30, (long) centroids * clusterGroups());
  }

  private int clusterGroups() {
    Integer groups = recipe.clusterGroups();
    return groups == null ? 1 : groups;
  }

  /** The clustering of float weights, where the recipe wants any. */
  private Optional<ClusterWeights> clustering() {
    Integer centroids = recipe.cluster();
    if (centroids == null) {
      if (recipe.clusterGroups() != null) {
        throw new IllegalArgumentException(
            "--cluster-groups without --cluster: say how many values each group is to have, such as"
                + " --cluster 16.");
      }
      return Optional.empty();
    }
    if (quantization() == Quantization.INT4) {
      throw new IllegalArgumentException(
          "--cluster with --quantize int4: 4 bits are 16 values a block already. Choose one, or"
              + " cluster with --quantize int8.");
    }
    return Optional.of(
        new ClusterWeights(centroids, clusterGroups(), pruning().isPresent(), filter));
  }

  /**
   * The passes that change float weights of a prepared model.
   *
   * @return in order
   */
  public List<CompressionPass> shaping() {
    List<CompressionPass> all = new ArrayList<>(removing());
    all.addAll(sharing());
    return all;
  }

  /**
   * The passes that take weights away.
   *
   * @return in order
   */
  public List<CompressionPass> removing() {
    List<CompressionPass> all = new ArrayList<>();
    channelPruning().filter(p -> !p.wantsBatchNorm()).ifPresent(all::add);
    lowRank().ifPresent(all::add); // before there are zeros, which a product would fill
    pruning().filter(p -> gradualPruning().isEmpty()).ifPresent(all::add);
    return all;
  }

  /**
   * The passes that leave float weights fewer values.
   *
   * @return in order
   */
  public List<CompressionPass> sharing() {
    // int8 clusters its codes itself; values that are to be tuned have to be there before it
    boolean tuned = recipe.fineTune() != null && (removesWeights() || !quantizationAware());
    return quantization() == Quantization.INT8 && !tuned
        ? List.of()
        : clustering().<List<CompressionPass>>map(List::of).orElse(List.of());
  }

  /** Whether gradients decide what is taken away. */
  public boolean takesGradients() {
    return pruning().filter(PruneWeights::takesGradients).isPresent()
        || channelPruning().filter(PruneChannels::takesGradients).isPresent();
  }

  /** Whether something takes weights away, zeros or whole channels. */
  public boolean removesWeights() {
    return pruning().isPresent() || channelPruning().isPresent() || lowRank().isPresent();
  }

  /**
   * Whether int8 is tuned through its quantization: where it is tuned at all and ranges are
   * calibrated, unless the recipe says otherwise.
   */
  public boolean quantizationAware() {
    Boolean wanted = recipe.quantizationAware();
    if (wanted != null && !wanted) {
      return false;
    }
    String missing = null;
    if (quantization() != Quantization.INT8) {
      missing = "is for int8. Add --quantize int8.";
    } else if (mode() == QuantizationMode.DYNAMIC || mode() == QuantizationMode.WEIGHTS) {
      missing =
          "learns the ranges of activations, which --quantize-mode "
              + mode().name().toLowerCase(Locale.ROOT)
              + " does not have. Use static or auto.";
    } else if (!target.runsIntegerKernels()) {
      missing = "is for integer kernels, which " + target.id() + " does not have.";
    } else if (recipe.fineTune() == null) {
      missing = "has to know how long to train. Add --fine-tune EPOCHS and --train-data PATH.";
    }
    if (wanted != null && missing != null) {
      throw new IllegalArgumentException("--quantization-aware " + missing);
    }
    return missing == null;
  }

  /** What is changed of images while the model is tuned. */
  public Augmentation augmentation() {
    String text = recipe.augment();
    if (text != null && recipe.fineTune() == null) {
      throw new IllegalArgumentException(
          "--augment changes images that a model is tuned on. Add --fine-tune EPOCHS.");
    }
    return text == null ? Augmentation.NONE : Augmentation.parse(text);
  }

  /** The pruning that comes little by little while the model is tuned. */
  public Optional<PruneWeights> gradualPruning() {
    String schedule = recipe.pruneSchedule();
    if (schedule == null || schedule.equals("once")) {
      return Optional.empty();
    }
    if (!schedule.equals("agp")) {
      throw unknown("prune-schedule", schedule, List.of("once", "agp"));
    }
    if (recipe.fineTune() == null) {
      throw new IllegalArgumentException(
          "--prune-schedule agp prunes while the model is tuned. Add --fine-tune EPOCHS.");
    }
    if (takesGradients()) {
      throw new IllegalArgumentException(
          "--prune-schedule agp prunes by magnitude, again and again. Leave --prune-criterion taylor"
              + " out, or prune once.");
    }
    return Optional.of(
        pruning()
            .filter(p -> p.kind() == PruneKind.UNSTRUCTURED)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--prune-schedule agp is for unstructured pruning. Add --prune SHARE.")));
  }

  /**
   * The passes that store a finished model.
   *
   * @param wasPacked whether the input was packed
   * @return in order
   */
  public List<CompressionPass> storing(boolean wasPacked) {
    return switch (packMode()) {
      case NONE -> List.of();
      case ALWAYS -> List.of(new TrimQuantization(), new PackWeights(false));
      case AUTO ->
          leavesPatterns() || wasPacked
              ? List.of(new TrimQuantization(), new PackWeights(true))
              : List.of();
    };
  }

  /**
   * The passes that quantize a prepared model.
   *
   * @return in order
   */
  public List<CompressionPass> quantizing() {
    return switch (quantization()) {
      case NONE -> List.of();
      case INT8 -> quantizingToInt8();
      case FP16 -> List.of(target.isCpu() ? new StoreFloat16(filter) : new ConvertFloat16(filter));
      case INT4 -> List.of(new QuantizeInt4(filter));
    };
  }

  /** What the user excludes by its operator keeps that operator. */
  private List<CompressionPass> quantizingToInt8() {
    List<CompressionPass> all = new ArrayList<>();
    all.add(new PoolSpatialMeans());
    if (!filter.excludeOps().contains("Conv")) {
      all.add(new PointConvsAsGemm());
    }
    if (!filter.excludeOps().contains("MatMul")) {
      all.add(new FuseMatMulAdd());
    }
    all.add(new ImproveAccuracy(int8()));
    all.add(int8());
    return all;
  }

  private QuantizeInt8 int8() {
    // With a limit on the accuracy, what is measured of that decides.
    boolean guarded = recipe.maxDrop() == null;
    Integer centroids = recipe.cluster();
    CodeMap codes =
        centroids == null
            ? CodeMap.NONE
            : new CodeClusters(centroids, clusterGroups(), pruning().isPresent());
    return new QuantizeInt8(mode(), target, filter, method(), Set.of(), rounding(), guarded, codes);
  }

  private static <E extends Enum<E>> E choice(
      String flag, @Nullable String text, E byDefault, E[] all) {
    if (text == null) {
      return byDefault;
    }
    for (E value : all) {
      if (value.name().equalsIgnoreCase(text)) {
        return value;
      }
    }
    throw unknown(
        flag, text, Arrays.stream(all).map(v -> v.name().toLowerCase(Locale.ROOT)).toList());
  }

  private static IllegalArgumentException unknown(String flag, String text, List<String> known) {
    return new IllegalArgumentException(
        "--" + flag + " " + text + ": use one of " + String.join(", ", known) + ".");
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
