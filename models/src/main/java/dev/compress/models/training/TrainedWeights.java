package dev.compress.models.training;

import dev.compress.models.architecture.WeightSource;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.Map;

/** Weights that a training left, by name. */
record TrainedWeights(Map<String, float[]> values) implements WeightSource {
  TrainedWeights {
    values = Map.copyOf(values);
  }

  @Override
  public Tensor weight(String name, Shape shape, Normal initial) {
    float[] weight = values.get(name);
    if (weight == null || weight.length != shape.elementCount()) {
      throw new IllegalArgumentException(
          "no trained weight " + name + " of shape " + shape + "; there are " + values.keySet());
    }
    return Tensor.ofFloats(shape, weight);
  }
}
