package dev.compress.prune.channels;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.TensorBuffer;
import dev.compress.timing.SessionTiming;
import dev.compress.timing.TimingSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Removes as many channels as it takes to save a share of the time of an inference: candidates are
 * run in turn with the model, on one thread and a batch of one. So the file depends on the machine:
 * multiplications do not tell what kernels make of them. Not thread-safe.
 */
final class LatencyTarget {
  /** Candidates that are timed: the share is found to 1/256 of the channels. */
  private static final int STEPS = 8;

  private static final double SECONDS = 0.5;

  private final OnnxModel model;
  private final DependencyGroups groups;
  private final PassContext context;
  private final Map<Set<Integer>, Double> known = new HashMap<>();
  private double share;
  private double reached = Double.NaN;

  LatencyTarget(OnnxModel model, DependencyGroups groups, PassContext context) {
    this.model = model;
    this.groups = groups;
    this.context = context;
  }

  /**
   * Chooses.
   *
   * @param selection of channels
   * @param wanted share of the time to save
   * @return what to remove: the least that saves it, or as much as can be
   * @throws UnsupportedModelException if the model does not run by itself
   */
  Set<Integer> take(ChannelSelection selection, double wanted) {
    share = wanted;
    if (groups.families().isEmpty()) {
      return Set.of();
    }
    context.progress().begin("time candidates", STEPS);
    try (InferenceSession whole = InferenceSession.open(model, SessionOptions.of(1))) {
      Map<String, TensorBuffer> inputs = RandomInputs.thatRun(model, whole).next(context.seed());
      known.put(Set.of(), 1.0);
      Set<Integer> removed =
          selection.saving(
              wanted,
              candidate -> known.computeIfAbsent(candidate, c -> ratio(c, whole, inputs)),
              STEPS);
      reached = known.computeIfAbsent(removed, c -> ratio(c, whole, inputs));
      return removed;
    }
  }

  private double ratio(
      Set<Integer> removed, InferenceSession whole, Map<String, TensorBuffer> inputs) {
    context.progress().check();
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      OnnxModel candidate =
          model.withGraph(
              ChannelRemoval.remove(model.graph(), groups, removed, model.opset(), scratch));
      try (InferenceSession session = InferenceSession.open(candidate, SessionOptions.of(1))) {
        context.progress().advance(1);
        return SessionTiming.compare(
                whole,
                session,
                inputs,
                TimingSettings.ofSeconds(SECONDS, context.seed()),
                context.progress())
            .toFirst()
            .get(0)
            .ratio();
      }
    }
  }

  /** What was measured, for people. */
  Optional<String> note() {
    return Double.isNaN(reached)
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "Takes %.0f%% of the time of the whole model, measured on this machine with one"
                    + " thread, before anything else is changed.",
                100 * reached));
  }

  /** Where the share cannot be saved. */
  List<String> warnings() {
    return Double.isNaN(reached) || reached <= 1 - share
        ? List.of()
        : List.of(
            String.format(
                Locale.ROOT,
                "--prune-target latency: %.0f%% of the time cannot be saved; with every channel gone"
                    + " that can go the model takes %.0f%%. Try --channel-round 1, or other ways.",
                100 * share,
                100 * reached));
  }
}
