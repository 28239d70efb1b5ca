package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** One node, its attributes read: from its inputs to its outputs. Has no state. */
@FunctionalInterface
public interface Operator {
  /**
   * Computes the outputs; all arrays that it makes belong to {@link Arguments#scope()}.
   *
   * @return one an output of the node, optional last ones left out
   */
  NDList apply(Arguments in);

  /** An operator of one output. */
  @FunctionalInterface
  interface Single {
    /** Computes the output. */
    NDArray apply(Arguments in);
  }

  /** An operator of one input and one output. */
  @FunctionalInterface
  interface Unary {
    /** Computes the output. */
    NDArray apply(NDArray x);
  }

  /** An operator of two inputs and one output. */
  @FunctionalInterface
  interface Binary {
    /** Computes the output. */
    NDArray apply(NDArray x, NDArray y);
  }
}
