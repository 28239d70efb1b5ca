package dev.compress.recipe;

import dev.compress.calibrate.RangeMethod;
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
import dev.compress.prune.PruneWeights;
import dev.compress.prune.channels.PruneChannels;
import dev.compress.quantize.NodeFilter;
import dev.compress.quantize.QuantizationMode;
import dev.compress.quantize.Rounding;
import dev.compress.quantize.StoreFloat16;
import dev.compress.quantize.Target;
import dev.compress.train.Augmentation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
                        Choice.unknown(
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
    passes.cluster().ofFloats();
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
    return quantize().format();
  }

  /** How activations get their ranges. */
  public QuantizationMode mode() {
    return quantize().mode();
  }

  /** How weights are rounded. */
  public Rounding rounding() {
    return quantize().rounding();
  }

  /** How ranges are fitted; empty for the best of all per tensor. */
  public Optional<RangeMethod> method() {
    return quantize().method();
  }

  /** How much is proved after writing. */
  public ProofMode proof() {
    return Choice.of("proof", recipe.proof(), ProofMode.AUTO, ProofMode.values());
  }

  /** The removal of channels that the recipe wants. */
  public Optional<PruneChannels> channelPruning() {
    return prune().channels();
  }

  /** The pruning of single weights that the recipe wants. */
  public Optional<PruneWeights> pruning() {
    return prune().weights();
  }

  /** The pruning that comes little by little while the model is tuned. */
  public Optional<PruneWeights> gradualPruning() {
    return prune().gradual();
  }

  /** Whether gradients decide what is taken away. */
  public boolean takesGradients() {
    return prune().takesGradients();
  }

  /**
   * Whether int8 is tuned through its quantization: where it is tuned at all and ranges are
   * calibrated, unless the recipe says otherwise.
   */
  public boolean quantizationAware() {
    return quantize().isAware();
  }

  /** How many values clustering leaves a weight at most, all groups together; 0 without it. */
  public int sharedValues() {
    return cluster().sharedValues();
  }

  private QuantizeSettings quantize() {
    return new QuantizeSettings(recipe, filter, target);
  }

  private PruneSettings prune() {
    return new PruneSettings(recipe, filter);
  }

  private ClusterSettings cluster() {
    return new ClusterSettings(recipe, filter, pruning().isPresent());
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
    if (wantsPacking()) {
      wanted = Math.max(wanted, PackWeights.OPSET);
    }
    return Math.max(model.opset(), cap == null ? wanted : Math.min(cap, wanted));
  }

  private boolean wantsPacking() {
    return packMode() == Packing.ALWAYS || (packMode() == Packing.AUTO && leavesPatterns());
  }

  /**
   * What the recipe's limit of the operator set leaves out of what else would be done, a sentence
   * each.
   *
   * @param model as it is read
   * @param calibrated whether there are samples
   */
  public List<String> opsetLimits(OnnxModel model, boolean calibrated) {
    Integer cap = recipe.opset();
    if (cap == null) {
      return List.of();
    }
    long opset = opset(model);
    List<String> limits = new ArrayList<>();
    quantize().limit(opset, calibrated).ifPresent(limit -> limits.add(limit.text(cap)));
    if (wantsPacking()) {
      OpsetLimit.of("most packed forms of weights", opset, PackWeights.OPSET)
          .ifPresent(limit -> limits.add(limit.text(cap)));
    }
    return limits;
  }

  private List<CompressionPass> onceConstant() {
    List<CompressionPass> onceConstant = new ArrayList<>();
    onceConstant.add(new UnpackWeights(false));
    if (widensHalves()) {
      boolean integers = quantization() == Quantization.INT8 || quantization() == Quantization.INT4;
      onceConstant.add(new WidenFloat16(integers)); // which are stored in bodies too
    }
    // While batch normalization is there to tell.
    channelPruning().filter(PruneChannels::wantsBatchNorm).ifPresent(onceConstant::add);
    return onceConstant;
  }

  /** Whether float16 becomes float32 on the way, in which weights are seen as weights. */
  private boolean widensHalves() {
    return switch (quantization()) {
      case INT8, INT4 -> target.isCpu();
      case FP16 -> reshapesWeights(); // it is made float16 again
      case NONE -> reshapesWeights() && target.isCpu(); // elsewhere float16 is what is fast
    };
  }

  /** When weights are stored in their smallest form. */
  public enum Packing {
    AUTO,
    ALWAYS,
    NONE
  }

  /** When weights are packed. */
  public Packing packMode() {
    return Choice.of("pack", recipe.pack(), Packing.AUTO, Packing.values());
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

  /** The factorisation of layers that the recipe wants. */
  private Optional<FactoriseLayers> lowRank() {
    Double energy = recipe.lowRank();
    return energy == null ? Optional.empty() : Optional.of(new FactoriseLayers(energy, filter));
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
        : cluster().ofFloats().<List<CompressionPass>>map(List::of).orElse(List.of());
  }

  /** Whether something takes weights away, zeros or whole channels. */
  public boolean removesWeights() {
    return pruning().isPresent() || channelPruning().isPresent() || lowRank().isPresent();
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

  /**
   * The passes that store a finished model.
   *
   * @param wasPacked whether the input was packed
   * @param wasHalf whether the input was float16 and is not now
   * @return in order
   */
  public List<CompressionPass> storing(boolean wasPacked, boolean wasHalf) {
    List<CompressionPass> all = new ArrayList<>();
    if (wasHalf && quantization() == Quantization.NONE) {
      all.add(new StoreFloat16(NodeFilter.ALL)); // what was 16 bits does not become 32
    }
    boolean packs =
        switch (packMode()) {
          case NONE -> false;
          case ALWAYS -> true;
          case AUTO -> leavesPatterns() || wasPacked;
        };
    if (packs) {
      all.add(new TrimQuantization());
      all.add(new PackWeights(packMode() == Packing.AUTO));
    }
    return all;
  }

  /**
   * The passes that quantize a prepared model.
   *
   * @return in order
   */
  public List<CompressionPass> quantizing() {
    return quantize().passes(cluster().ofCodes());
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
