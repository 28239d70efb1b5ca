package dev.compress.recipe;

import dev.compress.calibrate.RangeMethod;
import dev.compress.pass.CompressionPass;
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
import dev.compress.recipe.Passes.Quantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What a recipe says of quantization.
 *
 * @param recipe with every text as it was given
 * @param filter which nodes may be changed
 * @param target where the model will run
 */
record QuantizeSettings(Recipe recipe, NodeFilter filter, Target target) {
  /** The format that the recipe wants. */
  Quantization format() {
    return Choice.of("quantize", recipe.quantize(), Quantization.NONE, Quantization.values());
  }

  /** How activations get their ranges. */
  QuantizationMode mode() {
    return Choice.of(
        "quantize-mode", recipe.quantizeMode(), QuantizationMode.AUTO, QuantizationMode.values());
  }

  /** How weights are rounded. */
  Rounding rounding() {
    return Choice.of("rounding", recipe.rounding(), Rounding.NEAREST, Rounding.values());
  }

  /** How ranges are fitted; empty for the best of all per tensor. */
  Optional<RangeMethod> method() {
    String text = recipe.calibrationMethod();
    return text == null || text.equals("auto")
        ? Optional.empty()
        : Optional.of(RangeMethod.parse(text));
  }

  /**
   * Whether int8 is tuned through its quantization: where it is tuned at all and ranges are
   * calibrated, unless the recipe says otherwise.
   */
  boolean isAware() {
    Boolean wanted = recipe.quantizationAware();
    if (wanted != null && !wanted) {
      return false;
    }
    String missing = null;
    if (format() != Quantization.INT8) {
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

  /**
   * What an operator set is too old for.
   *
   * @param opset of the prepared model
   * @param calibrated whether there are samples
   */
  Optional<OpsetLimit> limit(long opset, boolean calibrated) {
    if (format() != Quantization.INT8) {
      return Optional.empty(); // int4 and fp16 say it of each weight and node
    }
    boolean automatic = mode() == QuantizationMode.AUTO;
    if ((mode() == QuantizationMode.STATIC || (automatic && calibrated))
        && target.runsIntegerKernels()) {
      return OpsetLimit.of("static int8", opset, QuantizeInt8.STATIC_OPSET);
    }
    return mode() == QuantizationMode.DYNAMIC || (automatic && target.isCpu())
        ? OpsetLimit.of("dynamic int8", opset, QuantizeInt8.DYNAMIC_OPSET)
        : Optional.empty();
  }

  /**
   * The passes that quantize a prepared model.
   *
   * @param codes what becomes of the codes of weights
   * @return in order
   */
  List<CompressionPass> passes(CodeMap codes) {
    return switch (format()) {
      case NONE -> List.of();
      case INT8 -> toInt8(codes);
      case FP16 -> List.of(target.isCpu() ? new StoreFloat16(filter) : new ConvertFloat16(filter));
      case INT4 -> List.of(new QuantizeInt4(filter));
    };
  }

  /** What the user excludes by its operator keeps that operator. */
  private List<CompressionPass> toInt8(CodeMap codes) {
    List<CompressionPass> all = new ArrayList<>();
    all.add(new PoolSpatialMeans());
    if (!filter.excludeOps().contains("Conv")) {
      all.add(new PointConvsAsGemm());
    }
    if (!filter.excludeOps().contains("MatMul")) {
      all.add(new FuseMatMulAdd());
    }
    all.add(new ImproveAccuracy(int8(codes)));
    all.add(int8(codes));
    return all;
  }

  private QuantizeInt8 int8(CodeMap codes) {
    // With a limit on the accuracy, what is measured of that decides.
    boolean guarded = recipe.maxDrop() == null;
    return new QuantizeInt8(mode(), target, filter, method(), Set.of(), rounding(), guarded, codes);
  }
}
