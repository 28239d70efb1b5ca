package dev.compress.models.training;

import ai.djl.ndarray.NDArray;

/**
 * Something that is learned.
 *
 * @param name unique in a training
 * @param array its value
 * @param decays whether weight decay applies
 * @param isStep whether it is the step of a quantization: positive, and learned in shares of itself
 */
record Weight(String name, NDArray array, boolean decays, boolean isStep) {
  static Weight of(String name, NDArray array) {
    return new Weight(name, array, array.getShape().dimension() >= 2, false);
  }

  static Weight ofStep(String name, NDArray array) {
    return new Weight(name, array, false, true);
  }
}
