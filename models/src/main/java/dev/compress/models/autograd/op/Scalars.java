package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;

/**
 * Products with numbers, and arrays of Java's data, that autograd may keep.
 *
 * <p>The engine's own {@code mul(Number)}, {@code div(Number)} and {@code pow(Number)} put the
 * number into memory that the garbage collector watches, and let go of it at once; what autograd
 * keeps of it for the way back is a bare pointer. A collection before that makes a gradient of
 * whatever lies there then. {@code add} and {@code sub} keep nothing.
 */
public final class Scalars {
  private Scalars() {}

  /** {@code x * factor}, of the type of x. */
  public static NDArray times(NDArray x, double factor) {
    try (NDArray number = number(x, factor)) {
      return x.mul(number);
    }
  }

  /** {@code x / divisor}, of the type of x. */
  public static NDArray over(NDArray x, double divisor) {
    try (NDArray number = number(x, divisor)) {
      return x.div(number);
    }
  }

  /** {@code x ^ exponent}, of the type of x. */
  public static NDArray power(NDArray x, double exponent) {
    try (NDArray number = number(x, exponent)) {
      return x.pow(number);
    }
  }

  /**
   * The same in memory of the engine's own.
   *
   * @param made by {@code NDManager.create}; closed
   */
  public static NDArray owned(NDArray made) {
    try (made) {
      return made.duplicate();
    }
  }

  private static NDArray number(NDArray x, double value) {
    try (NDArray watched = x.getManager().create(value)) {
      return watched.toType(x.getDataType(), true);
    }
  }
}
