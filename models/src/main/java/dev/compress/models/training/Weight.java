package dev.compress.models.training;

import ai.djl.ndarray.NDArray;

/**
 * Something that is learned.
 *
 * @param name unique in a training
 * @param array its value
 * @param decays whether weight decay applies
 */
record Weight(String name, NDArray array, boolean decays) {
  static Weight of(String name, NDArray array) {
    return new Weight(name, array, array.getShape().dimension() >= 2);
  }
}
