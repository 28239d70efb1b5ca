package dev.compress.timing;

import dev.compress.progress.Progress;
import dev.compress.runtime.BoundRun;
import dev.compress.runtime.InferenceSession;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Times sessions on the same inputs. */
public final class SessionTiming {
  private SessionTiming() {}

  /**
   * Times a variant of a model against the model.
   *
   * @param baseline the model
   * @param variant with the same inputs
   * @param inputs one an input, by name
   * @param settings how long and how finely
   * @param progress asked whether to stop
   * @return two latencies, and the variant's time in comparison with the baseline's
   * @throws dev.compress.error.InvalidDataException if one of them cannot run on these inputs
   */
  public static TimingResult compare(
      InferenceSession baseline,
      InferenceSession variant,
      Map<String, TensorBuffer> inputs,
      TimingSettings settings,
      Progress progress) {
    return measure(List.of(baseline, variant), inputs, settings, progress);
  }

  /**
   * Times sessions.
   *
   * @param sessions with the same inputs; the first is the baseline
   * @param inputs one an input, by name
   * @param settings how long and how finely
   * @param progress asked whether to stop
   */
  public static TimingResult measure(
      List<InferenceSession> sessions,
      Map<String, TensorBuffer> inputs,
      TimingSettings settings,
      Progress progress) {
    List<BoundRun> runs = new ArrayList<>();
    try {
      List<Timed> timed = new ArrayList<>();
      for (InferenceSession session : sessions) {
        BoundRun run = session.prepare(inputs);
        runs.add(run);
        timed.add(new Timed(session.label(), run::run));
      }
      return InterleavedTiming.measure(timed, settings, progress);
    } finally {
      runs.forEach(BoundRun::close);
    }
  }
}
