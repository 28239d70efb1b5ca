package dev.compress.calibrate;

import java.util.Random;

/** Shapes of distributions that activations have. */
enum SampleValues {
  GAUSSIAN {
    @Override
    float next(Random random) {
      return (float) random.nextGaussian();
    }
  },
  SHIFTED {
    @Override
    float next(Random random) {
      return (float) (3 * random.nextGaussian() + 2);
    }
  },
  AFTER_RELU {
    @Override
    float next(Random random) {
      return (float) Math.max(0, random.nextGaussian());
    }
  },
  NEGATIVE_ONLY {
    @Override
    float next(Random random) {
      return (float) -Math.abs(random.nextGaussian()) - 0.5f;
    }
  },
  HEAVY_TAILS {
    @Override
    float next(Random random) {
      return (float) (random.nextGaussian() / Math.max(1e-3, Math.abs(random.nextGaussian())));
    }
  },
  ATTENTION_MASK {
    @Override
    float next(Random random) {
      return random.nextInt(4) == 0 ? -Float.MAX_VALUE : (float) (3 * random.nextGaussian());
    }
  },
  ALL_ZERO {
    @Override
    float next(Random random) {
      return random.nextBoolean() ? 0f : -0f;
    }
  },
  CONSTANT {
    @Override
    float next(Random random) {
      return -0.75f;
    }
  },
  ALL_MAGNITUDES {
    @Override
    float next(Random random) {
      return Float.intBitsToFloat(random.nextInt());
    }
  },
  TINY {
    @Override
    float next(Random random) {
      return (float) (random.nextGaussian() * 1e-40);
    }
  };

  abstract float next(Random random);

  float[] draw(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = next(random);
    }
    return values;
  }
}
