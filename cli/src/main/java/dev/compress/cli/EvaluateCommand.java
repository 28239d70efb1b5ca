package dev.compress.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Measures variants side by side. */
@Command(
    name = "evaluate",
    sortOptions = false,
    description =
        "Measure accuracy, latency and energy of several variants side by side; the first is the"
            + " baseline. With --merge, show saved reports together.")
final class EvaluateCommand implements Callable<Integer> {
  private final CompressCommand root;

  @Mixin final EvaluateOptions options = new EvaluateOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "MODEL",
      description = "ONNX files, or sample:NAME; with --merge, reports (.json).")
  List<String> models = List.of();

  EvaluateCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    return new EvaluateJob(root, options, models).run();
  }
}
