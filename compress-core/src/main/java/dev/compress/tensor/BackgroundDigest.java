package dev.compress.tensor;

import dev.compress.error.CancelledException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * SHA-256 on a thread of its own, one piece behind the caller: hashing takes as long as writing,
 * and so costs no time of its own. Used from one thread.
 */
final class BackgroundDigest implements AutoCloseable {
  private final MessageDigest digest = Sha256.digest();
  private @Nullable ExecutorService executor;
  private @Nullable Future<?> pending;

  /**
   * Hashes a piece. When this returns, the pieces before it are done with; this one is read until
   * the next call.
   */
  void update(ByteBuffer bytes) {
    await();
    ExecutorService running = executor;
    if (running == null) {
      running = Executors.newSingleThreadExecutor(BackgroundDigest::thread);
      executor = running;
    }
    pending = running.submit(() -> digest.update(bytes));
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "compress-sha256");
    thread.setDaemon(true);
    return thread;
  }

  /** Hashes the last piece, and returns the hash in hex. */
  String finish(ByteBuffer bytes) {
    await();
    digest.update(bytes);
    return Sha256.hex(digest);
  }

  private void await() {
    Future<?> last = pending;
    if (last == null) {
      return;
    }
    pending = null;
    try {
      last.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException("Interrupted while a file was written.", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("SHA-256 failed", e);
    }
  }

  /** Ends the thread. Idempotent. */
  @Override
  public void close() {
    if (executor != null) {
      executor.shutdownNow();
    }
  }
}
