package dev.compress.tensor;

import java.util.Arrays;

/** The dims of a tensor whose size is known: none for a scalar; never negative. Immutable. */
public final class Shape {
  private static final Shape SCALAR = new Shape(new long[0]);

  private final long[] dims;

  private Shape(long[] dims) {
    this.dims = dims;
  }

  /**
   * A shape.
   *
   * @param dims the dims, outermost first; copied
   * @return the shape
   * @throws IllegalArgumentException if a dim is negative or their product passes 2^63-1
   */
  public static Shape of(long... dims) {
    if (dims.length == 0) {
      return SCALAR;
    }
    Shape shape = new Shape(dims.clone());
    long count = 1;
    boolean empty = false;
    for (long dim : dims) {
      if (dim < 0) {
        throw new IllegalArgumentException("Negative dim in shape " + Arrays.toString(dims));
      }
      empty |= dim == 0;
    }
    for (long dim : dims) {
      if (!empty && (Math.multiplyHigh(count, dim) != 0 || count * dim < 0)) {
        throw new IllegalArgumentException(
            "The number of elements of shape " + Arrays.toString(dims) + " passes 2^63-1");
      }
      count *= dim;
    }
    return shape;
  }

  /** The shape of a scalar: no dims, one element. */
  public static Shape scalar() {
    return SCALAR;
  }

  /** The number of dims. */
  public int rank() {
    return dims.length;
  }

  /**
   * One dim.
   *
   * @param axis from 0; negative counts from the end
   * @return its size
   */
  public long dim(int axis) {
    return dims[axis < 0 ? axis + dims.length : axis];
  }

  /** The product of the dims; 1 for a scalar. */
  public long elementCount() {
    long count = 1;
    for (long dim : dims) {
      count *= dim;
    }
    return count;
  }

  /** A copy of the dims. */
  public long[] toArray() {
    return dims.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape that && Arrays.equals(dims, that.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** The dims in brackets, such as {@code [1, 3, 224, 224]}. */
  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
