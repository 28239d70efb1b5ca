package dev.compress.cli;

import dev.compress.cli.console.Terminal;

/** Where the process begins and ends. */
public final class Main {
  private Main() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    Interruption interruption = Interruption.listen();
    int code =
        new Program(Terminal.ofProcess(), Wiring.ofModules(), interruption.requested()).run(args);
    interruption.finished();
    System.exit(code);
  }
}
