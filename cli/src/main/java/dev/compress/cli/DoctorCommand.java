package dev.compress.cli;

import dev.compress.ToolVersion;
import dev.compress.cli.console.Terminal;
import dev.compress.cli.doctor.Doctor;
import dev.compress.cli.doctor.DoctorReport;
import dev.compress.cli.text.DoctorText;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows what this machine offers. */
@Command(
    name = "doctor",
    description =
        "Show this machine's integer instructions, devices and sensors, and what is" + " missing.")
final class DoctorCommand implements Callable<Integer> {
  private final CompressCommand root;

  @Option(
      names = "--natives",
      paramLabel = "DIR",
      description =
          "ONNX Runtime's libraries for GPUs, to be looked at. Default: those of this"
              + " installation.")
  @Nullable Path natives;

  DoctorCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    DoctorReport report = Doctor.examine(ToolVersion.current(), Optional.ofNullable(natives));
    Terminal terminal = root.terminal();
    StandardOptions standard = root.standard;
    if (standard.json) {
      terminal.out().print(Json.print(report));
    } else if (!standard.quiet) {
      new DoctorText(terminal.style(standard.noColor), terminal.width())
          .lines(report)
          .forEach(terminal::println);
    }
    return report.runtime().version() == null ? ExitCode.DEVICE : ExitCode.DONE;
  }
}
