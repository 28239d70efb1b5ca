package dev.compress.cli;

import dev.compress.cli.console.Terminal;
import java.io.IOException;
import java.io.InputStream;

/**
 * The help text, ready made: the parser takes several times as long to build it as Java takes to
 * start. A test holds it equal to the parser's own.
 */
final class ReadyHelp {
  /** The width that the text is made for. */
  static final int WIDTH = 80;

  /** Where the text lies, beside this class. */
  static final String RESOURCE = "help.txt";

  private ReadyHelp() {}

  /**
   * Prints the help text if nothing else is asked for and the parser would print the very same.
   *
   * @param args as given to the process
   * @param terminal where to print
   * @return whether it was printed
   */
  static boolean print(String[] args, Terminal terminal) {
    if (args.length != 1 || !(args[0].equals("--help") || args[0].equals("-h"))) {
      return false;
    }
    if (terminal.style(false).colours() || terminal.width() != WIDTH) {
      return false;
    }
    try (InputStream in = ReadyHelp.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        return false;
      }
      byte[] text = in.readAllBytes();
      terminal.out().write(text, 0, text.length);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
