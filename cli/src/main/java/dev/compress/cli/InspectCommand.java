package dev.compress.cli;

import dev.compress.cli.console.Terminal;
import dev.compress.cli.console.TerminalProgress;
import dev.compress.cli.text.InspectText;
import dev.compress.inspect.ModelInspection;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what a model is. */
@Command(
    name = "inspect",
    sortOptions = false,
    description = "Show a model's operators, weights, cost, and what runs in integers.")
final class InspectCommand implements Callable<Integer> {
  private final CompressCommand root;

  @Parameters(paramLabel = "MODEL", description = "An ONNX file, or sample:NAME.")
  String model = "";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the run that shows the kernels. Default: all cores.")
  @Nullable Integer threads;

  InspectCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    root.workingOn(model);
    if (threads != null && threads < 1) {
      throw new UsageException("--threads must be 1 or more, not " + threads + ".");
    }
    Terminal terminal = root.terminal();
    StandardOptions standard = root.standard;
    ModelInspection found;
    try (TerminalProgress progress =
        new TerminalProgress(terminal, standard.quiet, root.cancelled())) {
      found = root.wiring().inspector().inspect(model, threads == null ? 0 : threads, progress);
    }
    if (standard.json) {
      terminal.out().print(Json.print(found));
    } else if (!standard.quiet) {
      new InspectText(terminal.style(standard.noColor), terminal.width(), standard.verbose)
          .lines(found)
          .forEach(terminal::println);
    }
    return ExitCode.DONE;
  }
}
