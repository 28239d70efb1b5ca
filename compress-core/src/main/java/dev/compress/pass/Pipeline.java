package dev.compress.pass;

import dev.compress.graph.GraphValidator;
import dev.compress.graph.OnnxModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs passes in order: asks each whether it applies, times it and validates what it made.
 *
 * @param passes in order
 */
public record Pipeline(List<CompressionPass> passes) {
  public Pipeline {
    passes = List.copyOf(passes);
  }

  /**
   * What one pass did.
   *
   * @param name the pass
   * @param seconds how long it took
   * @param result what it did
   * @param notApplicable why it did nothing, if it said so
   */
  public record PassReport(
      String name, double seconds, PassResult result, Optional<NotApplicable> notApplicable) {}

  /**
   * What all passes did.
   *
   * @param model the model afterwards
   * @param passes one report a pass, in order
   */
  public record Outcome(OnnxModel model, List<PassReport> passes) {
    public Outcome {
      passes = List.copyOf(passes);
    }
  }

  /**
   * What all passes would change, as far as it can be known without running the model on data.
   *
   * @param model a valid model
   * @param context what they may use; nothing of it is written to but the scratch
   * @return one report a pass, in order
   */
  public List<PassReport> plan(OnnxModel model, PassContext context) {
    return each(model, context, CompressionPass::plan).passes();
  }

  /**
   * Runs all passes.
   *
   * @param model a valid model
   * @param context what they may use
   * @return the model and the reports
   * @throws IllegalStateException if a pass makes an invalid graph: a bug in that pass
   */
  public Outcome run(OnnxModel model, PassContext context) {
    return each(model, context, CompressionPass::apply);
  }

  private interface Step {
    PassResult of(CompressionPass pass, OnnxModel model, PassContext context);
  }

  private Outcome each(OnnxModel model, PassContext context, Step step) {
    List<PassReport> reports = new ArrayList<>();
    OnnxModel current = model;
    for (CompressionPass pass : passes) {
      context.progress().check();
      long start = System.nanoTime();
      Optional<NotApplicable> not = pass.notApplicableTo(current);
      PassResult result =
          not.isPresent() ? PassResult.unchanged(current) : step.of(pass, current, context);
      if (result.model() != current) {
        try {
          GraphValidator.check(result.model());
        } catch (dev.compress.error.InvalidModelException e) {
          throw new IllegalStateException(
              "Pass " + pass.name() + " made an invalid graph: " + e.getMessage(), e);
        }
      }
      current = result.model();
      reports.add(new PassReport(pass.name(), (System.nanoTime() - start) / 1e9, result, not));
    }
    return new Outcome(current, reports);
  }
}
