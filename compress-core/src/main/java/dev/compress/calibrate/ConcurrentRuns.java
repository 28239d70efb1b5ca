package dev.compress.calibrate;

import dev.compress.runtime.BoundRun;
import dev.compress.runtime.InferenceSession;
import dev.compress.tensor.TensorBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Runs batches on one session from several threads, each on buffers of its own, and shows the
 * values in the order of the batches, one batch at a time: what an observer sees does not depend on
 * the number of threads.
 *
 * <p>Whole batches side by side use cores better than threads inside an operator do, and the next
 * batch runs while this one is looked at.
 */
final class ConcurrentRuns implements AutoCloseable {
  private final List<String> wanted;
  private final InferenceSession session;
  private final Observer observer;
  private final ExecutorService workers;
  private final BlockingQueue<Slot> free;
  private final int slots;
  private final Object turn = new Object();
  private long submitted;
  private long shown;
  private @Nullable Throwable failure;

  /** Sees the values of one batch. */
  @FunctionalInterface
  interface Observer {
    void observe(Map<String, TensorBuffer> values, Map<String, TensorBuffer> inputs, int samples);
  }

  /**
   * Runs on a session, which stays the caller's to close, after this.
   *
   * @param wanted the outputs to show
   * @param workers how many batches run side by side, at least 1
   */
  ConcurrentRuns(InferenceSession session, List<String> wanted, int workers, Observer observer) {
    this.session = session;
    this.wanted = wanted;
    this.observer = observer;
    this.slots = workers;
    this.free = new ArrayBlockingQueue<>(workers);
    for (int i = 0; i < workers; i++) {
      free.add(new Slot());
    }
    this.workers =
        Executors.newFixedThreadPool(
            workers,
            work -> {
              Thread thread = new Thread(work, "compress-run");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Takes a batch, whose tensors are copied; waits while all workers are busy.
   *
   * @throws RuntimeException what an earlier batch failed with
   */
  void submit(Map<String, TensorBuffer> inputs, int samples) {
    Slot slot = take();
    boolean handedOver = false;
    try {
      rethrow();
      slot.load(inputs);
      long number = submitted++;
      workers.execute(() -> work(slot, number, samples));
      handedOver = true;
    } finally {
      if (!handedOver) {
        free.add(slot);
      }
    }
  }

  /** Waits until all batches were shown. */
  void finish() {
    awaitShown(submitted);
    rethrow();
  }

  private void work(Slot slot, long number, int samples) {
    try {
      slot.run();
      awaitShown(number);
      if (!failed()) {
        observer.observe(slot.values(), slot.inputs(), samples);
      }
    } catch (RuntimeException | Error e) {
      fail(e);
    } finally {
      synchronized (turn) {
        shown = Math.max(shown, number + 1);
        turn.notifyAll();
      }
      free.add(slot);
    }
  }

  /** Waits until so many batches were shown or one has failed. */
  private void awaitShown(long batches) {
    synchronized (turn) {
      while (shown < batches && failure == null) {
        try {
          turn.wait();
        } catch (InterruptedException e) {
          throw interrupted(e);
        }
      }
    }
  }

  private Slot take() {
    try {
      return free.take();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("Interrupted while samples ran", e);
  }

  private boolean failed() {
    synchronized (turn) {
      return failure != null;
    }
  }

  private void fail(Throwable e) {
    synchronized (turn) {
      if (failure == null) {
        failure = e;
      }
      turn.notifyAll();
    }
  }

  private void rethrow() {
    synchronized (turn) {
      if (failure instanceof RuntimeException e) {
        throw e;
      } else if (failure instanceof Error e) {
        throw e;
      }
    }
  }

  /** Waits for what still runs and frees the buffers. */
  @Override
  public void close() {
    boolean interrupted = false;
    workers.shutdown();
    for (int closed = 0; closed < slots; ) {
      try {
        free.take().close();
        closed++;
      } catch (InterruptedException e) {
        interrupted = true; // the runs end by themselves; the caller sees the flag
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Buffers that are kept from batch to batch, as long as shapes stay the same. */
  private final class Slot {
    private @Nullable BoundRun bound;

    void load(Map<String, TensorBuffer> inputs) {
      BoundRun run = bound;
      if (run == null || !fits(run.inputs(), inputs)) {
        close();
        Map<String, TensorBuffer> own = new LinkedHashMap<>();
        inputs.forEach((name, t) -> own.put(name, TensorBuffer.allocate(t.type(), t.shape())));
        run = session.prepare(own, wanted);
        bound = run;
      }
      Map<String, TensorBuffer> own = run.inputs();
      inputs.forEach((name, t) -> Objects.requireNonNull(own.get(name)).bytes().put(t.bytes()));
    }

    void run() {
      Objects.requireNonNull(bound).run();
    }

    Map<String, TensorBuffer> values() {
      return Objects.requireNonNull(bound).outputs();
    }

    Map<String, TensorBuffer> inputs() {
      return Objects.requireNonNull(bound).inputs();
    }

    private boolean fits(Map<String, TensorBuffer> own, Map<String, TensorBuffer> inputs) {
      return own.keySet().equals(inputs.keySet())
          && own.entrySet().stream()
              .allMatch(
                  e ->
                      e.getValue()
                          .shape()
                          .equals(Objects.requireNonNull(inputs.get(e.getKey())).shape()));
    }

    void close() {
      if (bound != null) {
        bound.close();
        bound = null;
      }
    }
  }
}
