package dev.compress.train;

import dev.compress.tensor.Shape;

/** Which of the scales of a weight an element has. */
final class ScaleLayout {
  private final long[] dims;
  private final long[] strides;

  /**
   * A layout.
   *
   * @param weight the weight's shape
   * @param scales broadcasts against it: dims of the same number, each the same or 1
   */
  ScaleLayout(Shape weight, Shape scales) {
    dims = weight.toArray();
    strides = new long[dims.length];
    long stride = 1;
    for (int axis = dims.length - 1; axis >= 0; axis--) {
      long own = scales.dim(axis);
      strides[axis] = own == 1 ? 0 : stride;
      stride *= own;
    }
  }

  /** The number of the scale of an element. */
  int of(long element) {
    long rest = element;
    long at = 0;
    for (int axis = dims.length - 1; axis >= 0; axis--) {
      at += rest % dims[axis] * strides[axis];
      rest /= dims[axis];
    }
    return (int) at;
  }
}
