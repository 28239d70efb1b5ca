package dev.compress.recipe;

import dev.compress.calibrate.RangeMethod;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.prepare.PreparePasses;
import dev.compress.prepare.UpgradeOpset;
import dev.compress.proof.ProofMode;
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
    long opset = Math.max(model.opset(), cap == null ? wanted : Math.min(cap, wanted));
    boolean integers = quantization() == Quantization.INT8 || quantization() == Quantization.INT4;
    return integers && target.isCpu() ? PreparePasses.widening(opset) : PreparePasses.all(opset);
  }

  /**
   * The passes that quantize a prepared model.
   *
   * @return in order
   */
  public List<CompressionPass> quantizing() {
    return switch (quantization()) {
      case NONE -> List.of();
      case INT8 ->
          List.of(
              new PoolSpatialMeans(),
              new PointConvsAsGemm(),
              new FuseMatMulAdd(),
              new ImproveAccuracy(int8()),
              int8());
      case FP16 -> List.of(target.isCpu() ? new StoreFloat16(filter) : new ConvertFloat16(filter));
      case INT4 -> List.of(new QuantizeInt4(filter));
    };
  }

  private QuantizeInt8 int8() {
    // With a limit on the accuracy, what is measured of that decides.
    boolean guarded = recipe.maxDrop() == null;
    return new QuantizeInt8(mode(), target, filter, method(), Set.of(), rounding(), guarded);
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
