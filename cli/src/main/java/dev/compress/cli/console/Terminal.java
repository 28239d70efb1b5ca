package dev.compress.cli.console;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Where the command line prints: the two standard streams, and what is known of the screen behind
 * them. Only reports go to standard output; errors and progress go to standard error.
 */
public final class Terminal {
  private static final int DEFAULT_WIDTH = 80;
  private static final int NARROWEST = 60;
  private static final int WIDEST = 160;

  private final GuardedStream guarded;
  private final PrintStream out;
  private final PrintStream err;
  private final boolean outIsScreen;
  private final boolean errIsScreen;
  private final Map<String, String> environment;
  private final boolean unicode;

  private Terminal(
      OutputStream out,
      OutputStream err,
      boolean outIsScreen,
      boolean errIsScreen,
      Map<String, String> environment) {
    this.environment = environment;
    this.outIsScreen = outIsScreen;
    this.errIsScreen = errIsScreen;
    Charset charset = charset();
    this.unicode = charset.equals(StandardCharsets.UTF_8);
    this.guarded = new GuardedStream(out);
    this.out = new PrintStream(new BufferedOutputStream(guarded, 1 << 13), false, charset);
    this.err = new PrintStream(new GuardedStream(err), true, charset);
  }

  /** The process' own streams. */
  public static Terminal ofProcess() {
    return new Terminal(
        new FileOutputStream(FileDescriptor.out),
        new FileOutputStream(FileDescriptor.err),
        isScreen(1),
        isScreen(2),
        System.getenv());
  }

  /**
   * Streams that are no screen.
   *
   * @param out where standard output goes
   * @param err where standard error goes
   * @param environment the environment variables
   */
  public static Terminal of(OutputStream out, OutputStream err, Map<String, String> environment) {
    return new Terminal(out, err, false, false, environment);
  }

  /**
   * Streams that pretend to be a screen.
   *
   * @param out where standard output goes
   * @param err where standard error goes
   * @param environment the environment variables
   */
  public static Terminal ofScreen(
      OutputStream out, OutputStream err, Map<String, String> environment) {
    return new Terminal(out, err, true, true, environment);
  }

  /** Standard output, for what is JSON or the tool's own. Flushed by {@link #finish()}. */
  public PrintStream out() {
    return out;
  }

  /** Standard error, for the tool's own. */
  public PrintStream err() {
    return err;
  }

  /** Prints a line on standard output; whatever names it holds, the terminal only shows them. */
  public void println(String line) {
    out.println(Style.onScreen(line, style(false).colours()));
  }

  /** Prints a line on standard error, as {@link #println} does. */
  public void errln(String line) {
    err.println(Style.onScreen(line, errStyle(false).colours()));
  }

  /** Whether standard error is looked at by a person, so that progress may be drawn there. */
  public boolean errIsScreen() {
    return errIsScreen && !"dumb".equals(environment.get("TERM"));
  }

  /** Whether more than ASCII can be shown. */
  public boolean unicode() {
    return unicode;
  }

  /**
   * The style of standard output.
   *
   * @param refused whether the user refuses colours
   */
  public Style style(boolean refused) {
    return new Style(outIsScreen && coloursAllowed(refused), unicode);
  }

  /**
   * The style of standard error.
   *
   * @param refused whether the user refuses colours
   */
  public Style errStyle(boolean refused) {
    return new Style(errIsScreen && coloursAllowed(refused), unicode);
  }

  private boolean coloursAllowed(boolean refused) {
    String noColor = environment.get("NO_COLOR");
    return !refused
        && (noColor == null || noColor.isEmpty())
        && !"dumb".equals(environment.get("TERM"))
        && (!isWindows() || environment.containsKey("WT_SESSION"));
  }

  /** Columns of text that fit; 80 where there is no screen. */
  public int width() {
    String columns = environment.get("COLUMNS");
    int width = DEFAULT_WIDTH;
    if (columns != null && columns.matches("[1-9][0-9]{0,4}")) {
      width = Integer.parseInt(columns);
    } else if (outIsScreen && !isWindows()) {
      width = askedWidth();
    }
    return Math.max(NARROWEST, Math.min(WIDEST, width));
  }

  /**
   * Writes out what is buffered.
   *
   * @return why standard output could not be written; empty if it was, or if its reader went away
   */
  public Optional<String> finish() {
    out.flush();
    err.flush();
    return guarded.lost();
  }

  /** Java cannot ask a terminal for its size; {@code stty} can. */
  private static int askedWidth() {
    Process stty = null;
    try {
      stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(Path.of("/dev/tty").toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String answer = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      String[] rowsAndColumns = answer.strip().split(" ", -1);
      if (stty.waitFor(1, TimeUnit.SECONDS) && rowsAndColumns.length == 2) {
        int columns = Integer.parseInt(rowsAndColumns[1]);
        return columns > 0 ? columns : DEFAULT_WIDTH;
      }
    } catch (IOException | NumberFormatException e) {
      // No stty, or no terminal: the default does.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (stty != null) {
        stty.destroy();
      }
    }
    return DEFAULT_WIDTH;
  }

  @SuppressWarnings("SystemConsoleNull") // both ways of answering, before JDK 22 and from it on
  private static boolean isScreen(int descriptor) {
    Path link = Path.of("/proc/self/fd/" + descriptor);
    if (Files.isSymbolicLink(link)) {
      try {
        String device = Files.readSymbolicLink(link).toString();
        return device.startsWith("/dev/pts/")
            || device.startsWith("/dev/tty")
            || device.equals("/dev/console");
      } catch (IOException e) {
        return false;
      }
    }
    // Elsewhere Java only tells whether both input and output are a screen.
    return System.console() != null && isTerminal();
  }

  /** From JDK 22 on there is a console also where there is no terminal, with a method to ask. */
  private static boolean isTerminal() {
    try {
      Object answer = java.io.Console.class.getMethod("isTerminal").invoke(System.console());
      return Boolean.TRUE.equals(answer);
    } catch (ReflectiveOperationException e) {
      return true;
    }
  }

  private static Charset charset() {
    if (!isWindows()) {
      return StandardCharsets.UTF_8;
    }
    String name = System.getProperty("stdout.encoding", System.getProperty("sun.stdout.encoding"));
    try {
      return name == null ? Charset.defaultCharset() : Charset.forName(name);
    } catch (IllegalArgumentException e) {
      return StandardCharsets.US_ASCII;
    }
  }

  private static boolean isWindows() {
    return System.getProperty("os.name", "").startsWith("Windows");
  }
}
