package dev.compress;

import dev.compress.graph.OnnxModel;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the passes made of a model.
 *
 * @param model the model afterwards
 * @param changed whether it is another one
 * @param holds whether the recipe's limit on the accuracy holds
 * @param failure what to say if not
 * @param fallback the same weights stored in 8 bits with all arithmetic in float, if that is
 *     something else
 */
record Transformed(
    OnnxModel model,
    boolean changed,
    boolean holds,
    String failure,
    Optional<Supplier<Transformed>> fallback) {
  /** The model as it was. */
  static Transformed unchanged(OnnxModel model) {
    return new Transformed(model, false, true, "", Optional.empty());
  }

  /** A model that differs if it is another instance. */
  static Transformed of(OnnxModel model, OnnxModel before) {
    return new Transformed(model, model != before, true, "", Optional.empty());
  }
}
