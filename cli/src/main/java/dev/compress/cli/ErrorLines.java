package dev.compress.cli;

import dev.compress.cli.console.Terminal;

/** Errors as people read them: what went wrong, and in a second line what to do. */
final class ErrorLines {
  private ErrorLines() {}

  /**
   * Prints an error.
   *
   * @param failure the error
   * @param terminal where, on standard error
   * @param noColor whether the user refuses colours
   */
  static void print(Failure failure, Terminal terminal, boolean noColor) {
    String name = terminal.errStyle(noColor).bad("compress:");
    terminal.errln(name + " " + failure.message());
    if (!failure.advice().isEmpty()) {
      terminal.errln(failure.advice());
    }
  }
}
