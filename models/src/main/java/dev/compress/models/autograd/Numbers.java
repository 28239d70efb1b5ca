package dev.compress.models.autograd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** The elements of arrays of any type as Java numbers. */
final class Numbers {
  private Numbers() {}

  static long[] longs(NDArray array) {
    if (array.getDataType() == DataType.INT64) {
      return array.toLongArray();
    }
    try (NDArray wide = array.toType(DataType.INT64, false)) {
      return wide.toLongArray();
    }
  }

  static double[] doubles(NDArray array) {
    if (array.getDataType() == DataType.FLOAT64) {
      return array.toDoubleArray();
    }
    try (NDArray wide = array.toType(DataType.FLOAT64, false)) {
      return wide.toDoubleArray();
    }
  }
}
