package dev.compress.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How weights and activations are quantized. */
final class QuantizeOptions {
  @Option(
      names = "--quantize",
      completionCandidates = Choices.Quantize.class,
      order = 1,
      paramLabel = "int8|fp16|int4",
      description =
          "Number format: int8 weights and activations, fp16, or int4 weights. No default.")
  @Nullable String quantize;

  @Option(
      names = "--quantize-mode",
      completionCandidates = Choices.Mode.class,
      order = 2,
      paramLabel = "MODE",
      description =
          "auto (default): static with calibration data, without it the best data-free choice per"
              + " node. Or static, dynamic, weights.")
  @Nullable String mode;

  @Option(
      names = "--target",
      completionCandidates = Choices.Target.class,
      order = 3,
      paramLabel = "TARGET",
      description =
          "Where the model will run: cpu-vnni, cpu-avx2, arm, cuda or tensorrt. Default: this"
              + " machine.")
  @Nullable String target;

  @Option(
      names = "--rounding",
      completionCandidates = Choices.Rounding.class,
      order = 4,
      paramLabel = "KIND",
      description = "nearest (default), or adaptive: learned per weight from the calibration data.")
  @Nullable String rounding;

  @Option(
      names = "--exclude-nodes",
      order = 5,
      paramLabel = "REGEX",
      description = "Leave nodes of these names as they are. Default: none.")
  @Nullable String excludeNodes;

  @Option(
      names = "--exclude-ops",
      order = 6,
      paramLabel = "LIST",
      description =
          "Leave operators of these types as they are, such as Gemm,MatMul. Default: none.")
  @Nullable String excludeOps;

  @Option(
      names = "--only-nodes",
      order = 7,
      paramLabel = "REGEX",
      description = "Change nodes of these names only. Default: all.")
  @Nullable String onlyNodes;

  @Option(
      names = "--opset",
      order = 8,
      paramLabel = "N",
      description = "Operator set that the output must not pass. Default: the lowest that does.")
  @Nullable Integer opset;
}
