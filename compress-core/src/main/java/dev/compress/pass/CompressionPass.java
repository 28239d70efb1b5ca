package dev.compress.pass;

import dev.compress.graph.OnnxModel;
import java.util.Optional;

/**
 * One step that changes a model. An implementation is an immutable record of its settings; the
 * recipe file, equality and provenance follow from that.
 */
public interface CompressionPass {
  /** The verb-first name that recipes and reports use, such as "fold-batch-norm". */
  String name();

  /**
   * Why this pass would do nothing on a model, found without any work on weights.
   *
   * @param model the model as it is before the pass
   * @return the reason, or empty if there is something to do
   */
  Optional<NotApplicable> notApplicableTo(OnnxModel model);

  /**
   * Changes a model.
   *
   * @param model the model
   * @param context what the run offers
   * @return the new model, or the same instance if nothing changed, with what was done and what was
   *     left alone
   */
  PassResult apply(OnnxModel model, PassContext context);

  /**
   * What {@link #apply} would change and leave alone, without running the model on any data. Unless
   * a pass says otherwise, it needs none and is simply applied.
   *
   * @param model the model
   * @param context what the run offers; its samples may be asked for their number alone
   * @return the changes that can be known beforehand; the model need not be the one that {@code
   *     apply} would make
   */
  default PassResult plan(OnnxModel model, PassContext context) {
    return apply(model, context);
  }
}
