package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;

/** One summand of a loss. */
interface LossTerm {
  /** A scalar, from which gradients can be had. */
  NDArray of(StepValues values);
}
