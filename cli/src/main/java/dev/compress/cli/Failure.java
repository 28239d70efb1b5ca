package dev.compress.cli;

import dev.compress.error.CancelledException;
import dev.compress.error.CompressionException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.GateFailedException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.OutputExistsException;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;

/**
 * An error as the user is told.
 *
 * @param code the process' exit code
 * @param message what went wrong
 * @param where the file or option at fault; empty if the message says all
 * @param advice what to do; empty if there is nothing to say
 */
record Failure(int code, String message, String where, String advice) {
  private static final int SHORTEST_ADVICE = 8;

  /**
   * The error that an exception stands for.
   *
   * @param thrown whatever a command threw
   * @param where what the command was working on; may be empty
   * @param version of compress, for bug reports
   */
  static Failure of(Throwable thrown, String where, String version) {
    if (thrown instanceof UsageException) {
      return split(ExitCode.USAGE, thrown, "");
    }
    if (thrown instanceof InvalidPathException path) {
      return ofPath(path, "");
    }
    if (thrown instanceof CompressionException known) {
      return ofKnown(known, where, version);
    }
    if (thrown instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
      return ofReadWrite(unchecked.getCause(), where);
    }
    if (thrown instanceof IOException readWrite) {
      return ofReadWrite(readWrite, where);
    }
    if (thrown instanceof OutOfMemoryError) {
      long limit = Runtime.getRuntime().maxMemory() >> 20;
      return new Failure(
          ExitCode.BUG,
          "Out of memory: the Java heap's limit is " + limit + " MiB.",
          where,
          "Give it more, such as COMPRESS_OPTS=-Xmx" + (limit / 512 + 1) + "g.");
    }
    return ofBug(thrown, where, version);
  }

  /**
   * What the system cannot take for a path, most often because of the locale.
   *
   * @param option that it was given to; empty if to none
   */
  static Failure ofPath(InvalidPathException e, String option) {
    return new Failure(
        ExitCode.USAGE,
        (option.isEmpty() ? "" : option + ": ")
            + "'"
            + oneLine(e.getInput()).replace('\0', '?')
            + "' cannot be a path here: "
            + e.getReason()
            + ".",
        option,
        "Check it; for letters beyond ASCII set LC_ALL=C.UTF-8.");
  }

  private static Failure ofKnown(CompressionException known, String where, String version) {
    if (known instanceof OutputExistsException) {
      return split(ExitCode.USAGE, known, "");
    }
    if (known instanceof InvalidModelException
        || known instanceof UnsupportedModelException
        || known instanceof InvalidDataException) {
      return split(ExitCode.INVALID, known, where);
    }
    if (known instanceof DeviceUnavailableException) {
      return split(ExitCode.DEVICE, known, "");
    }
    if (known instanceof GateFailedException) {
      return split(ExitCode.GATE, known, where);
    }
    if (known instanceof ReadWriteException) {
      return split(ExitCode.READ_WRITE, known, where);
    }
    if (known instanceof CancelledException) {
      return new Failure(
          ExitCode.INTERRUPTED, oneLine(String.valueOf(known.getMessage())), where, "");
    }
    return ofBug(known, where, version);
  }

  private static Failure ofReadWrite(IOException e, String where) {
    String file =
        e instanceof FileSystemException files && files.getFile() != null ? files.getFile() : where;
    if (e instanceof NoSuchFileException) {
      return new Failure(
          ExitCode.READ_WRITE, "No such file: " + file + ".", file, "Check the path.");
    }
    if (e instanceof AccessDeniedException) {
      return new Failure(
          ExitCode.READ_WRITE, "No permission for " + file + ".", file, "Check its rights.");
    }
    String reason =
        e instanceof FileSystemException files && files.getReason() != null
            ? files.getReason()
            : String.valueOf(e.getMessage());
    String subject = file.isEmpty() ? "" : file + ": ";
    return new Failure(
        ExitCode.READ_WRITE,
        "Cannot read or write " + subject + oneLine(reason) + ".",
        file,
        "Check the space left and the rights there.");
  }

  private static Failure ofBug(Throwable thrown, String where, String version) {
    StackTraceElement[] trace = thrown.getStackTrace();
    String at = trace.length == 0 ? "" : " at " + trace[0];
    String message = thrown.getMessage() == null ? "" : ": " + oneLine(thrown.getMessage());
    return new Failure(
        ExitCode.BUG,
        "A bug in compress " + version + ": " + thrown.getClass().getSimpleName() + message + at,
        where,
        "Please report it with this command, what it prints with -v, and the model if you may.");
  }

  /** The last sentence of a message of more than one says what to do. */
  private static Failure split(int code, Throwable thrown, String where) {
    String message = oneLine(String.valueOf(thrown.getMessage()));
    int end = lastSentence(message);
    return end < 0
        ? new Failure(code, message, where, "")
        : new Failure(code, message.substring(0, end), where, message.substring(end + 1));
  }

  /** Where the space before the last sentence is, or -1. */
  private static int lastSentence(String message) {
    for (int i = message.length() - SHORTEST_ADVICE; i > 0; i--) {
      boolean ends = ".!?".indexOf(message.charAt(i - 1)) >= 0 && message.charAt(i) == ' ';
      if (ends && Character.isUpperCase(message.charAt(i + 1))) {
        return i;
      }
    }
    return -1;
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
