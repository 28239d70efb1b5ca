package dev.compress.runtime;

import dev.compress.error.CancelledException;
import dev.compress.error.CompressionException;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A child process that answers one request after the other, such as "load this model" and then "run
 * it a thousand times". If the native runtime takes it down, every later request is answered with
 * how that happened; the caller and other workers go on. Requests and answers travel through a
 * socket in a folder that only this user can enter. Not thread-safe: one request at a time.
 *
 * @param <I> a request
 * @param <O> an answer
 */
public final class IsolatedWorker<I extends Serializable, O extends Serializable>
    implements AutoCloseable {
  private static final int BUFFER = 1 << 16;
  private static final long POLL_MILLIS = 20;
  private static final double START_SECONDS = 60;
  private static final long END_SECONDS = 5;

  private final IsolatedSettings settings;
  private final Progress progress;
  private final Path folder;
  private final Process child;
  private final Thread atExit;
  private final ExecutorService exchange;
  private @Nullable SocketChannel channel;
  private @Nullable ObjectOutputStream out;
  private @Nullable ObjectInputStream in;
  private @Nullable String death;

  private IsolatedWorker(IsolatedSettings settings, Progress progress, Path folder, Process child) {
    this.settings = settings;
    this.progress = progress;
    this.folder = folder;
    this.child = child;
    this.atExit = new Thread(child::destroyForcibly, "end-child");
    Runtime.getRuntime().addShutdownHook(atExit);
    this.exchange =
        Executors.newSingleThreadExecutor(
            work -> {
              Thread thread = new Thread(work, "compress-worker");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Starts a child process.
   *
   * @param service what answers there
   * @param settings what it may use; the timeout is for each request
   * @param progress asked whether to stop: then the child is ended
   * @throws ReadWriteException if no process can be started
   * @throws CancelledException if the caller stopped it
   */
  public static <I extends Serializable, O extends Serializable> IsolatedWorker<I, O> start(
      Class<? extends IsolatedService<I, O>> service,
      IsolatedSettings settings,
      Progress progress) {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("compress-child-");
      Path socket = folder.resolve("s");
      try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        server.bind(UnixDomainSocketAddress.of(socket));
        server.configureBlocking(false);
        Process child =
            ChildJvm.process(
                    folder,
                    settings,
                    IsolatedWorkerMain.class,
                    List.of(socket.toString(), service.getName()))
                .start();
        IsolatedWorker<I, O> worker = new IsolatedWorker<>(settings, progress, folder, child);
        worker.connect(server);
        return worker;
      }
    } catch (IOException | UnsupportedOperationException e) {
      if (folder != null) {
        IsolatedRun.removeAll(folder);
      }
      throw new ReadWriteException(
          "Cannot start a child process: "
              + e.getMessage()
              + ". Free some space in the temporary folder, or let processes be started.",
          e);
    }
  }

  private void connect(ServerSocketChannel server) throws IOException {
    long end = System.nanoTime() + (long) (START_SECONDS * 1e9);
    SocketChannel accepted = null;
    try {
      while (accepted == null) {
        progress.check();
        accepted = server.accept();
        if (accepted == null && (!child.isAlive() || System.nanoTime() - end > 0)) {
          died();
          return;
        }
        if (accepted == null) {
          Thread.sleep(POLL_MILLIS);
        }
      }
      accepted.configureBlocking(true);
      channel = accepted;
      out =
          new ObjectOutputStream(
              new BufferedOutputStream(Channels.newOutputStream(accepted), BUFFER));
      out.flush();
      in =
          new ObjectInputStream(new BufferedInputStream(Channels.newInputStream(accepted), BUFFER));
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      throw new CancelledException("Interrupted while a child process was started.", e);
    } catch (CancelledException | IOException e) {
      close();
      throw e;
    }
  }

  /**
   * Asks.
   *
   * @param request what for
   * @return the answer, or how the process died, now or earlier
   * @throws CompressionException what the service has thrown, of the same kind
   * @throws CancelledException if the caller stopped it; the process is ended
   * @throws IllegalStateException if the service has thrown something else, which is a bug
   */
  public IsolatedResult<O> call(I request) {
    String dead = death;
    if (dead != null) {
      return new IsolatedResult.Crashed<>(dead);
    }
    Future<IsolatedMain.Response> answer = exchange.submit(() -> exchange(request));
    long end = System.nanoTime() + (long) (settings.timeoutSeconds() * 1e9);
    while (true) {
      try {
        return result(answer.get(POLL_MILLIS, TimeUnit.MILLISECONDS));
      } catch (TimeoutException e) {
        if (progress.cancelled()) {
          close();
          progress.check();
        }
        if (System.nanoTime() - end > 0) {
          child.destroyForcibly();
          death = "no answer within " + settings.timeoutSeconds() + " s";
          return new IsolatedResult.TimedOut<>(settings.timeoutSeconds());
        }
      } catch (ExecutionException e) {
        return new IsolatedResult.Crashed<>(died());
      } catch (InterruptedException e) {
        close();
        Thread.currentThread().interrupt();
        throw new CancelledException("Interrupted while a child process was at work.", e);
      }
    }
  }

  private IsolatedMain.Response exchange(I request) throws IOException, ClassNotFoundException {
    ObjectOutputStream to = Objects.requireNonNull(out);
    to.writeUnshared(request);
    to.reset(); // or it would keep every tensor it ever sent
    to.flush();
    return (IsolatedMain.Response) Objects.requireNonNull(in).readObject();
  }

  private IsolatedResult<O> result(IsolatedMain.Response answer) {
    if (answer.error().isEmpty()) {
      @SuppressWarnings("unchecked") // the service's type says what it returns
      O value = (O) Objects.requireNonNull(answer.value(), "A service returned null");
      return new IsolatedResult.Finished<>(value);
    }
    if (answer.error().equals(OutOfMemoryError.class.getName())) {
      child.destroyForcibly();
      death = "out of memory with a heap of " + settings.heapMegabytes() + " MB";
      return new IsolatedResult.Crashed<>(death);
    }
    throw IsolatedRun.thrown(answer);
  }

  private String died() {
    try {
      if (!child.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        child.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    String how = child.isAlive() ? "no answer" : CrashReport.describe(child.exitValue(), folder);
    death = how;
    return how;
  }

  /** Whether the process has died, or was ended because it did not answer. */
  public boolean isDead() {
    return death != null;
  }

  /** The child's process id: a sensor may want to tell its work from others'. */
  public long processId() {
    return child.pid();
  }

  /** The most memory that was resident so far, in bytes; empty where the system does not tell. */
  public OptionalLong peakResidentBytes() {
    return ProcessMemory.peakResidentBytes(child.pid());
  }

  @Override
  public void close() {
    exchange.shutdownNow();
    try {
      SocketChannel open = channel;
      if (open != null) {
        open.close(); // the child sees the end and leaves
      }
      if (!child.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        child.destroyForcibly().waitFor();
      }
    } catch (IOException e) {
      child.destroyForcibly();
    } catch (InterruptedException e) {
      child.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    death = Objects.requireNonNullElse(death, "closed");
    IsolatedRun.removeHook(atExit);
    IsolatedRun.removeAll(folder);
  }
}
