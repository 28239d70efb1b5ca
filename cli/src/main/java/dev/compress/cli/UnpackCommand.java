package dev.compress.cli;

import dev.compress.cli.console.Style;
import dev.compress.cli.console.Terminal;
import dev.compress.cli.console.TerminalProgress;
import dev.compress.error.ReadWriteException;
import dev.compress.evaluation.report.Quantity;
import dev.compress.report.UnpackReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Puts packed weights back. */
@Command(
    name = "unpack",
    sortOptions = false,
    description = "Put a packed model's weights back in their dense form.")
final class UnpackCommand implements Callable<Integer> {
  private final CompressCommand root;

  @Parameters(paramLabel = "MODEL", description = "A packed ONNX file.")
  String model = "";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The model to write. Default: beside the input, such as model.unpacked.onnx.")
  @Nullable Path output;

  @Option(names = "--force", description = "Replace an existing output. Default: it is an error.")
  boolean force;

  UnpackCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    root.workingOn(model);
    Optional<String> sample = Samples.name(model);
    if (sample.isPresent()) {
      throw new UsageException("The embedded models are not packed. Name a file.");
    }
    Path target = output != null ? output : OutputName.of(model, "unpacked");
    Path input = Path.of(model);
    if (!Files.exists(input)) {
      throw new ReadWriteException("No such file: " + model + ". Check the path.");
    }
    Terminal terminal = root.terminal();
    StandardOptions standard = root.standard;
    UnpackReport report;
    try (TerminalProgress progress =
        new TerminalProgress(terminal, standard.quiet, root.cancelled())) {
      report = root.wiring().unpacker().unpack(input, target, force, progress);
    }
    if (standard.json) {
      terminal.out().print(Json.print(report));
    } else if (!standard.quiet) {
      Style style = terminal.style(standard.noColor);
      String arrow = " " + style.arrow() + " ";
      int weights = report.weights().size();
      terminal.println(report.input().path() + arrow + report.output().path());
      terminal.println(
          "  "
              + Quantity.bytes(report.input().bytes())
              + arrow
              + Quantity.bytes(report.output().bytes())
              + ", "
              + weights
              + (weights == 1 ? " weight unpacked" : " weights unpacked"));
    }
    return ExitCode.DONE;
  }
}
