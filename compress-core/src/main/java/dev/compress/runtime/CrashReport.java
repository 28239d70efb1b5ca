package dev.compress.runtime;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says in a few words how a child process died. */
final class CrashReport {
  /** The JVM's own report of a fatal error, in the child's folder. */
  static final String FILE = "crash";

  private static final int SIGNALS_FROM = 128;
  private static final int MOST_OUTPUT = 200;

  private static final Map<Integer, String> SIGNALS =
      Map.of(
          2, "SIGINT", 4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11,
          "SIGSEGV", 15, "SIGTERM");

  private static final Pattern SIGNAL = Pattern.compile("#\\s+(SIG\\w+|EXCEPTION_\\w+)");
  private static final Pattern FRAME =
      Pattern.compile("# Problematic frame:\\s*#\\s*\\w\\s+\\[([^+\\]]+)");

  private CrashReport() {}

  /**
   * How it died.
   *
   * @param exit the process's exit value
   * @param folder where its crash report and its output may be
   */
  static String describe(int exit, Path folder) {
    String report = text(folder.resolve(FILE));
    Matcher signal = SIGNAL.matcher(report);
    if (signal.find()) {
      Matcher frame = FRAME.matcher(report);
      return signal.group(1) + (frame.find() ? " in " + frame.group(1) : "");
    }
    String name = SIGNALS.get(exit - SIGNALS_FROM);
    if (name != null) {
      return name.equals("SIGKILL")
          ? "SIGKILL, as systems that run out of memory send it"
          : name + lastOutput(folder);
    }
    return "exit value " + exit + lastOutput(folder);
  }

  private static String lastOutput(Path folder) {
    String output = text(folder.resolve("output")).strip();
    if (output.isEmpty()) {
      return "";
    }
    String last = output.substring(output.lastIndexOf('\n') + 1);
    return ", " + (last.length() > MOST_OUTPUT ? last.substring(0, MOST_OUTPUT) + "..." : last);
  }

  private static String text(Path file) {
    try {
      return Files.exists(file)
          ? new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
          : "";
    } catch (IOException e) {
      return "";
    }
  }
}
