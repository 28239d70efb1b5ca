package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/** Scores as a matrix: a row for each choice that is made, a column a class. */
final class Rows {
  private Rows() {}

  /**
   * The matrix. Where one dim alone is over 1, that is the classes; else the last one is. A single
   * column becomes two, 0 and the score: their softmax is the logistic function.
   */
  static NDArray of(NDArray scores) {
    NDArray matrix = scores.reshape(-1, classes(scores.getShape()));
    if (matrix.getShape().get(1) > 1) {
      return matrix;
    }
    return NDArrays.concat(new NDList(matrix.zerosLike(), matrix), 1);
  }

  /** How many scores a choice has. */
  static long classes(Shape shape) {
    long wide = 0;
    long width = 1;
    for (int i = 1; i < shape.dimension(); i++) {
      if (shape.get(i) > 1) {
        wide++;
        width = shape.get(i);
      }
    }
    return wide <= 1 ? width : shape.get(shape.dimension() - 1);
  }
}
