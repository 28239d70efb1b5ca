package dev.compress.parallel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs independent pieces of work on several threads. Results are handed on in the order of the
 * pieces, so that sums over them do not depend on the number of threads.
 */
public final class ParallelLoop<T> {
  private final int pieces;
  private final int window;
  private final IntFunction<T> work;
  private final Consumer<T> inOrder;
  private final Map<Integer, T> waiting = new HashMap<>();
  private int next;
  private int delivered;
  private @Nullable Throwable failure;

  private ParallelLoop(int pieces, int threads, IntFunction<T> work, Consumer<T> inOrder) {
    this.pieces = pieces;
    this.window = 2 * threads;
    this.work = work;
    this.inOrder = inOrder;
  }

  /** Does all pieces, in any order. */
  public static void run(int pieces, int threads, IntConsumer work) {
    run(
        pieces,
        threads,
        piece -> {
          work.accept(piece);
          return Boolean.TRUE;
        },
        done -> {});
  }

  /**
   * Does all pieces.
   *
   * @param pieces how many
   * @param threads at least 1; the calling thread is one of them
   * @param work makes a piece; called from several threads
   * @param inOrder takes the results, one at a time, in the order of the pieces
   */
  public static <T> void run(int pieces, int threads, IntFunction<T> work, Consumer<T> inOrder) {
    int used = Math.min(threads, pieces);
    if (used <= 1) {
      for (int piece = 0; piece < pieces; piece++) {
        inOrder.accept(work.apply(piece));
      }
      return;
    }
    new ParallelLoop<>(pieces, used, work, inOrder).runOn(used);
  }

  private void runOn(int threads) {
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      Thread thread = new Thread(this::takePieces, "compress-" + i);
      thread.setDaemon(true);
      thread.start();
      others.add(thread);
    }
    takePieces();
    boolean interrupted = false;
    for (Thread thread : others) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true; // the pieces in work end by themselves; the caller sees the flag
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    } else if (failure instanceof Error e) {
      throw e;
    }
  }

  private void takePieces() {
    try {
      for (int piece = take(); piece < pieces; piece = take()) {
        deliver(piece, work.apply(piece));
      }
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private synchronized int take() {
    // Bounds what waits for a slow piece. The slow piece itself is always below the window.
    while (next < pieces && next >= delivered + window && failure == null) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Interrupted while waiting for other threads", e);
      }
    }
    return failure != null ? pieces : next++;
  }

  private synchronized void deliver(int piece, T result) {
    waiting.put(piece, result);
    for (T ready = waiting.remove(delivered); ready != null; ready = waiting.remove(delivered)) {
      inOrder.accept(ready);
      delivered++;
    }
    notifyAll();
  }

  private synchronized void fail(Throwable e) {
    if (failure == null) {
      failure = e;
    } else {
      failure.addSuppressed(e);
    }
    notifyAll();
  }
}
