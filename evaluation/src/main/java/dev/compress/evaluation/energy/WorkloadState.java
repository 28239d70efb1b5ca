package dev.compress.evaluation.energy;

import dev.compress.error.CancelledException;
import dev.compress.evaluation.energy.WindowTaker.Taken;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One workload while it is measured. */
final class WorkloadState {
  private final Workload workload;
  private final List<Window> counted = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private @Nullable Taken warm;
  private @Nullable String failure;
  private boolean lost;
  private int rejected;
  private int doubtful;

  WorkloadState(Workload workload) {
    this.workload = workload;
  }

  /** The workload's own failures are marked as such, or they would be taken for the meter's. */
  Workload.Load load() {
    return runs -> {
      try {
        workload.load().run(runs);
      } catch (CancelledException e) {
        throw e;
      } catch (RuntimeException e) {
        throw new WorkloadFailedException(e);
      }
    };
  }

  /** A workload threw. */
  static final class WorkloadFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WorkloadFailedException(RuntimeException cause) {
      super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
    }
  }

  /** The last block of its warm-up: power by domain and time of a run. */
  void warm(Taken last, boolean steady) {
    warm = last;
    if (!steady) {
      warnings.add("latency or power was still changing by over 2% when its warm-up ended");
    }
  }

  @Nullable Taken warm() {
    return warm;
  }

  void add(Window window) {
    if (!window.counts()) {
      rejected++;
    } else {
      counted.add(window);
      if (!window.disturbances().isEmpty()) {
        doubtful++;
        if (doubtful == 1) {
          warnings.add(
              "disturbed at every attempt, and counted all the same: "
                  + String.join("; ", window.disturbances()));
        }
      }
    }
  }

  void fail(WorkloadFailedException why) {
    failure = "the model failed after " + counted.size() + " windows: " + why.getMessage();
    warnings.add(failure);
  }

  void lose(String message) {
    lost = true;
    warnings.add("the sensor failed after " + counted.size() + " windows: " + message);
  }

  boolean isBroken() {
    return failure != null;
  }

  /** Whether all went as it should: no failure, no lost sensor, no disturbed window kept. */
  boolean isSound() {
    return failure == null && !lost && doubtful == 0;
  }

  int count() {
    return counted.size();
  }

  int rejected() {
    return rejected;
  }

  String reason() {
    return warnings.isEmpty() ? "no window could be measured" : warnings.get(warnings.size() - 1);
  }

  List<String> warnings() {
    return warnings;
  }

  List<Window> counted() {
    return counted;
  }

  /** Samples in a window. */
  double samples(Window window) {
    return (double) window.runs() * workload.samplesPerRun();
  }

  long samples() {
    long sum = 0;
    for (Window window : counted) {
      sum += window.runs() * workload.samplesPerRun();
    }
    return sum;
  }

  /** Joules a sample in each window that counted. */
  List<Double> joulesPerSample() {
    return counted.stream().map(w -> w.totalJoules() / samples(w)).toList();
  }
}
