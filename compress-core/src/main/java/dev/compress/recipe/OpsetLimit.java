package dev.compress.recipe;

import java.util.Optional;

/**
 * What an operator set is too old for.
 *
 * @param what is left out
 * @param needed the operator set that it takes
 */
record OpsetLimit(String what, long needed) {
  /** What is left out, where it is. */
  static Optional<OpsetLimit> of(String what, long opset, long needed) {
    return opset < needed ? Optional.of(new OpsetLimit(what, needed)) : Optional.empty();
  }

  /** For people. */
  String text(int given) {
    return "--opset "
        + given
        + " leaves out "
        + what
        + " (from operator set "
        + needed
        + " on). Give --opset "
        + needed
        + " or more.";
  }
}
