package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.pooling.Pool;
import dev.compress.error.InvalidDataException;
import dev.compress.train.TeacherSignal;

/** Features of two models brought to the same places. */
final class FeatureMaps {
  private FeatureMaps() {}

  /**
   * A map with as many places as another: itself, or the means of squares of it.
   *
   * @param map {@code [samples, channels, height, width]}, or of any dims that fit already
   * @param other the one with as many places or fewer
   */
  static NDArray pooledTo(NDArray map, Shape other, TeacherSignal signal) {
    Shape shape = map.getShape();
    if (places(shape) == places(other)) {
      return map;
    }
    if (shape.dimension() == 4 && other.dimension() == 4) {
      long down = shape.get(2) / Math.max(1, other.get(2));
      long right = shape.get(3) / Math.max(1, other.get(3));
      if (down * other.get(2) == shape.get(2) && right * other.get(3) == shape.get(3)) {
        Shape window = new Shape(down, right);
        return Pool.avgPool2d(map, window, window, new Shape(0, 0), false, true);
      }
    }
    throw misfit(signal, shape, other);
  }

  static InvalidDataException misfit(TeacherSignal signal, Shape one, Shape other) {
    return new InvalidDataException(
        "'"
            + signal.teacherValue()
            + "' of the teacher and '"
            + signal.studentValue()
            + "' of the student do not fit: "
            + one
            + " and "
            + other
            + ". Pair values with the same places, or with a whole multiple of them.");
  }

  static long places(Shape shape) {
    long places = 1;
    for (int i = 2; i < shape.dimension(); i++) {
      places *= shape.get(i);
    }
    return places;
  }

  static boolean isWider(Shape one, Shape other) {
    return places(one) > places(other);
  }
}
