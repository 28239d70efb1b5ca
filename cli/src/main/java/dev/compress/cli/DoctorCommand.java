package dev.compress.cli;

import dev.compress.cli.console.Terminal;
import dev.compress.cli.doctor.Doctor;
import dev.compress.cli.doctor.DoctorReport;
import dev.compress.cli.text.DoctorText;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Shows what this machine offers. */
@Command(
    name = "doctor",
    description =
        "Show this machine's integer instructions, devices and sensors, and what is" + " missing.")
final class DoctorCommand implements Callable<Integer> {
  private final CompressCommand root;

  DoctorCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    DoctorReport report = Doctor.examine(Version.current());
    Terminal terminal = root.terminal();
    StandardOptions standard = root.standard;
    if (standard.json) {
      terminal.out().print(Json.print(report));
    } else if (!standard.quiet) {
      new DoctorText(terminal.style(standard.noColor), terminal.width())
          .lines(report)
          .forEach(terminal.out()::println);
    }
    return report.runtime().version() == null ? ExitCode.DEVICE : ExitCode.DONE;
  }
}
