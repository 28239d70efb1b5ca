package dev.compress;

import dev.compress.graph.OnnxModel;
import dev.compress.pack.PackWeights;
import dev.compress.pack.ShortNames;
import dev.compress.pack.UnpackWeights;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.pass.Pipeline;
import dev.compress.prepare.WidenFloat16;
import dev.compress.tensor.Scratch;
import java.util.List;

/**
 * The last step before a model is written: its weights in the form in which they are stored. What
 * is searched, compared and given up before then is dense.
 */
final class Storing {
  private final List<CompressionPass> passes;
  private final PassContext context;
  private final ReportBuilder report;
  private final OnnxModel input;

  /**
   * A step.
   *
   * @param work whose passes have run: an input that was packed is packed again
   * @param input as it was read: its names stay
   * @param scratch where packed weights go
   */
  Storing(Work work, OnnxModel input, Scratch scratch) {
    this.input = input;
    this.report = work.report();
    this.passes =
        work.passes()
            .storing(report.hasChanged(UnpackWeights.NAME), report.hasChanged(WidenFloat16.NAME));
    this.context = new PassContext(scratch, work.progress(), report.threads(), report.seed());
  }

  /** What unpacking may use too. */
  PassContext context() {
    return context;
  }

  /** The model as it is stored; where it is packed, under short names. */
  ShortNames stored(OnnxModel model) {
    if (passes.isEmpty()) {
      return ShortNames.none(model);
    }
    Pipeline.Outcome outcome = new Pipeline(passes).run(model, context);
    report.storing(outcome.passes());
    boolean packed =
        outcome.passes().stream()
            .anyMatch(p -> p.name().equals(PackWeights.NAME) && !p.result().changes().isEmpty());
    return packed ? ShortNames.of(outcome.model(), input) : ShortNames.none(outcome.model());
  }
}
