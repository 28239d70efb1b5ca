package dev.compress.cli;

import dev.compress.cli.console.Terminal;

/** Where the process begins and ends. */
public final class Main {
  private Main() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    Terminal terminal = Terminal.ofProcess();
    if (ReadyHelp.print(args, terminal)) {
      System.exit(terminal.finish().isEmpty() ? ExitCode.DONE : ExitCode.READ_WRITE);
    }
    Interruption interruption = Interruption.listen();
    int code = new Program(terminal, Wiring.ofModules(), interruption.requested()).run(args);
    System.exit(interruption.finished(code));
  }
}
