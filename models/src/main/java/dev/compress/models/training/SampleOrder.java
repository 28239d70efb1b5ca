package dev.compress.models.training;

import dev.compress.models.random.SplitMix64;

/** In which order an epoch shows the samples; by seed and epoch alone. */
final class SampleOrder {
  private static final long STREAM = 0x6F72646572L;

  private SampleOrder() {}

  /**
   * A permutation (Fisher and Yates).
   *
   * @param samples how many
   * @param seed of the training
   * @param epoch counted from 0
   */
  static int[] of(int samples, long seed, int epoch) {
    int[] order = new int[samples];
    for (int i = 0; i < samples; i++) {
      order[i] = i;
    }
    SplitMix64 random = SplitMix64.stream(seed, STREAM, epoch);
    for (int i = samples - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int kept = order[i];
      order[i] = order[other];
      order[other] = kept;
    }
    return order;
  }
}
