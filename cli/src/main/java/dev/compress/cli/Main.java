package dev.compress.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root command. */
@Command(
    name = "compress",
    mixinStandardHelpOptions = true,
    version = "compress 0.1.0-SNAPSHOT",
    description = "Makes trained ONNX models smaller and faster, and proves what it did.")
public final class Main {
  private Main() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }
}
