package dev.compress.models.architecture;

import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;

/** Where a network's weights come from: drawn at random, or trained. */
public interface WeightSource {
  /**
   * A float weight of the network.
   *
   * @param name its name, unique in the network
   * @param shape its shape
   * @param initial how to draw it; a source of trained weights ignores it
   * @throws IllegalArgumentException if the source has no weight of that name and shape
   */
  Tensor weight(String name, Shape shape, Normal initial);

  /**
   * A normal distribution.
   *
   * @param mean its mean
   * @param deviation its standard deviation; 0 makes every draw the mean
   */
  record Normal(double mean, double deviation) {
    /** For a layer that a ReLU follows: variance 2 / fan-in (He et al., ICCV 2015). */
    public static Normal he(long fanIn) {
      return new Normal(0, Math.sqrt(2.0 / fanIn));
    }

    /** For a linear layer: variance 2 / (fan-in + fan-out) (Glorot and Bengio, AISTATS 2010). */
    public static Normal xavier(long fanIn, long fanOut) {
      return new Normal(0, Math.sqrt(2.0 / (fanIn + fanOut)));
    }

    /** Always the same value. */
    public static Normal constant(double value) {
      return new Normal(value, 0);
    }
  }
}
