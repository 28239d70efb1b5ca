package dev.compress.evaluation;

import dev.compress.error.CancelledException;
import dev.compress.evaluation.latency.LatencyResult;
import dev.compress.evaluation.latency.LatencyRun;
import dev.compress.evaluation.latency.LatencySubject;
import dev.compress.evaluation.worker.VariantWorker;
import dev.compress.progress.Progress;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The latency of runs whose inputs and outputs stay on the GPU: what a pipeline sees that has its
 * data there already. Each variant is loaded anew, in a process of its own, and timed in turns as
 * those with copies are. What fails here costs this number and no other.
 *
 * @param settings how long
 * @param progress told how far it is
 */
record HeldTiming(EvaluationSettings settings, Progress progress) {
  /** One variant in its process. */
  private record Held(Contender contender, VariantWorker worker) implements LatencySubject {
    @Override
    public String name() {
      return contender.title() + ", held there";
    }

    @Override
    public long[] run(double seconds) {
      return worker.block(Long.MAX_VALUE, seconds).nanos();
    }
  }

  /**
   * Measures, and notes each result in its contender.
   *
   * @param contenders on one GPU
   * @param inputs of a run
   * @param warnings added to
   */
  void measure(
      List<Contender> contenders,
      Function<Contender, Map<String, TensorBuffer>> inputs,
      List<String> warnings) {
    List<Held> held = new ArrayList<>();
    try {
      for (Contender contender : contenders) {
        try {
          VariantWorker worker =
              VariantWorker.hold(
                  contender.loaded.file(), settings.threads(), contender.place, progress);
          held.add(new Held(contender, worker));
          worker.bind(inputs.apply(contender));
        } catch (CancelledException e) {
          throw e;
        } catch (RuntimeException e) {
          held.removeIf(
              h -> {
                boolean isIt = h.contender() == contender;
                if (isIt) {
                  h.worker().close();
                }
                return isIt;
              });
          warnings.add(unknown(contender, e));
        }
      }
      if (!held.isEmpty()) {
        time(held, contenders.get(0), warnings);
      }
    } finally {
      held.forEach(h -> h.worker().close());
    }
  }

  private void time(List<Held> held, Contender baseline, List<String> warnings) {
    boolean compared = held.get(0).contender() == baseline;
    List<LatencyResult> results = LatencyRun.measure(held, settings.ofLatency(), progress);
    for (int i = 0; i < held.size(); i++) {
      LatencyResult result =
          compared
              ? results.get(i).perSample(held.get(i).contender().samplesARun, baseline.samplesARun)
              : results.get(i).alone();
      held.get(i).contender().held = result;
      Contender contender = held.get(i).contender();
      result.failure().ifPresent(e -> warnings.add(unknown(contender, e)));
    }
  }

  private static String unknown(Contender contender, RuntimeException e) {
    return "The latency of "
        + contender.title()
        + " with inputs and outputs held there is unknown: "
        + e.getMessage();
  }
}
