package dev.compress.runtime;

import dev.compress.error.CancelledException;
import dev.compress.error.CompressionException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.progress.Progress;
import java.io.File;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Does work in a child process, so that a crash of the native runtime ends that and not the tool.
 * The child is this JVM's like: the same Java, class path and native libraries, and the same
 * class-data archive where this one was started with one; its heap is small, and it begins within a
 * few hundred milliseconds.
 */
public final class IsolatedRun {
  private static final long END_SECONDS = 10;
  private static final long POLL_MILLIS = 20;

  private final IsolatedSettings settings;
  private final Progress progress;
  private final Path folder;

  private IsolatedRun(IsolatedSettings settings, Progress progress, Path folder) {
    this.settings = settings;
    this.progress = progress;
    this.folder = folder;
  }

  /**
   * Does work in a child process.
   *
   * @param task what to do
   * @param input what to tell it
   * @param settings what it may use
   * @param progress asked whether to stop: then the child is ended
   * @return how it ended
   * @throws CompressionException what the task has thrown, of the same kind
   * @throws CancelledException if the caller stopped it
   * @throws ReadWriteException if the child cannot be started
   * @throws IllegalStateException if the task has thrown something else, which is a bug
   */
  public static <I extends Serializable, O extends Serializable> IsolatedResult<O> run(
      Class<? extends IsolatedTask<I, O>> task,
      I input,
      IsolatedSettings settings,
      Progress progress) {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("compress-child-");
      return new IsolatedRun(settings, progress, folder).run(task.getName(), input);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot start a child process: "
              + IoReason.of(e)
              + ". Free some space in the temporary folder, or let processes be started.",
          e);
    } finally {
      if (folder != null) {
        removeAll(folder);
      }
    }
  }

  private <O extends Serializable> IsolatedResult<O> run(String task, Serializable input)
      throws IOException {
    Path request = folder.resolve("request");
    Path response = folder.resolve("response");
    IsolatedMain.write(request, new IsolatedMain.Request(task, input));
    Process child =
        ChildJvm.process(
                folder,
                settings,
                IsolatedMain.class,
                List.of(request.toString(), response.toString()))
            .start();
    Thread atExit = new Thread(child::destroyForcibly, "end-child");
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      if (!ended(child)) {
        return new IsolatedResult.TimedOut<>(settings.timeoutSeconds());
      }
      progress.check(); // Ctrl-C reaches both processes: then the child did not crash
      return result(child.exitValue(), response);
    } finally {
      end(child);
      removeHook(atExit);
    }
  }

  /** Its files are removed after this, so it must be gone. */
  private static void end(Process child) {
    child.destroyForcibly();
    try {
      boolean unused = child.waitFor(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // This process ends itself: the hook does its work.
    }
  }

  private boolean ended(Process child) {
    long end = System.nanoTime() + (long) (settings.timeoutSeconds() * 1e9);
    try {
      while (!child.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        progress.check();
        if (System.nanoTime() - end > 0) {
          child.destroyForcibly().waitFor();
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException("Interrupted while a child process was at work.", e);
    }
  }

  private <O extends Serializable> IsolatedResult<O> result(int exit, Path response)
      throws IOException {
    if (exit != 0 || !Files.exists(response)) {
      return new IsolatedResult.Crashed<>(CrashReport.describe(exit, folder));
    }
    IsolatedMain.Response answer;
    try {
      answer = (IsolatedMain.Response) IsolatedMain.read(response);
    } catch (ReflectiveOperationException | InvalidClassException e) {
      throw new IllegalStateException("The child process is of another version", e);
    }
    if (answer.error().isEmpty()) {
      @SuppressWarnings("unchecked") // the task's type says what it returns
      O value = (O) Objects.requireNonNull(answer.value(), "A task returned null");
      return new IsolatedResult.Finished<>(value);
    }
    if (answer.error().equals(OutOfMemoryError.class.getName())) {
      return new IsolatedResult.Crashed<>(
          "out of memory with a heap of " + settings.heapMegabytes() + " MB");
    }
    throw thrown(answer);
  }

  static RuntimeException thrown(IsolatedMain.Response answer) {
    String message = answer.message();
    for (CompressionException known :
        List.of(
            new InvalidModelException(message),
            new UnsupportedModelException(message),
            new InvalidDataException(message),
            new DeviceUnavailableException(message),
            new ReadWriteException(message),
            new CancelledException(message),
            new CompressionException(message))) {
      if (known.getClass().getName().equals(answer.error())) {
        return known;
      }
    }
    return new IllegalStateException("In the child process: " + message);
  }

  static void removeAll(Path folder) {
    List<Path> all = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(all::add);
    } catch (IOException e) {
      // What cannot be listed cannot be removed either: it stays in the temporary folder.
    }
    all.stream().map(Path::toFile).filter(f -> !f.delete()).forEach(File::deleteOnExit);
  }
}
