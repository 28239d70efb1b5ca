package dev.compress.runtime;

import dev.compress.error.CompressionException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.Serializable;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The child process of {@link IsolatedRun}. It talks through files: standard output is anyone's.
 */
final class IsolatedMain {
  private IsolatedMain() {}

  /**
   * What the parent sends.
   *
   * @param task the class name of the task
   * @param input its input
   */
  record Request(String task, Serializable input) implements Serializable {}

  /**
   * What the child sends back.
   *
   * @param value the task's output, or null
   * @param error the class name of what was thrown, or ""
   * @param message its message, or for a bug its stack trace
   */
  record Response(@Nullable Serializable value, String error, String message)
      implements Serializable {}

  /**
   * Runs one task.
   *
   * @param args the file with the request, and the file for the response
   */
  public static void main(String[] args) throws IOException, ReflectiveOperationException {
    Request request = (Request) read(Path.of(args[0]));
    write(Path.of(args[1]), respond(request));
  }

  private static Response respond(Request request) throws ReflectiveOperationException {
    IsolatedTask<?, ?> task =
        Class.forName(request.task()).asSubclass(IsolatedTask.class).getConstructor().newInstance();
    try {
      return new Response(run(task, request.input()), "", "");
    } catch (CompressionException e) {
      return new Response(null, e.getClass().getName(), String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace, true));
      return new Response(null, e.getClass().getName(), trace.toString());
    }
  }

  @SuppressWarnings("unchecked") // the parent was given both as one type
  private static <I extends Serializable> Serializable run(
      IsolatedTask<I, ?> task, Serializable input) {
    return task.run((I) input);
  }

  static Object read(Path file) throws IOException, ReflectiveOperationException {
    try (ObjectInputStream in =
        new ObjectInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      return in.readObject();
    }
  }

  static void write(Path file, Object value) throws IOException {
    try (ObjectOutputStream out =
        new ObjectOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      out.writeObject(value);
    }
  }
}
