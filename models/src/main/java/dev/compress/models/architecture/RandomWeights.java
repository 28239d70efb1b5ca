package dev.compress.models.architecture;

import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;

/**
 * Weights drawn at random. A weight depends on the seed and its own name only, so layers can be
 * asked for in any order, and its values are computed whenever they are read: a model of 100 GB
 * takes no more memory than one of 1 KB.
 *
 * @param seed equal seeds give equal weights, on every machine
 */
public record RandomWeights(long seed) implements WeightSource {
  @Override
  public Tensor weight(String name, Shape shape, Normal initial) {
    long stream = SplitMix64.stream(seed, hash(name)).nextLong();
    return new Tensor(
        ElementType.FLOAT, shape, new NormalFloats(stream, shape.elementCount(), initial));
  }

  /** 64 bits wide, so that two names of one network never share a stream in practice. */
  private static long hash(String name) {
    long hash = 0;
    for (int i = 0; i < name.length(); i++) {
      hash = hash * 0x100000001B3L + name.charAt(i);
    }
    return hash;
  }
}
