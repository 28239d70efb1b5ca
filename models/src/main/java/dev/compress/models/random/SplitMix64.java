package dev.compress.models.random;

/**
 * The SplitMix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014), written out here because generated weights and images must have the
 * same bytes on every machine and every Java release: the library's own generators promise that for
 * {@code java.util.Random} only.
 *
 * <p>Everything is integer arithmetic, or IEEE arithmetic that Java rounds the same way everywhere.
 * Not thread-safe: give each independent piece of work a stream of its own with {@link
 * #stream(long...)}.
 */
public final class SplitMix64 {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  /** Starts at {@code seed}; equal seeds give equal sequences. */
  public SplitMix64(long seed) {
    this.state = seed;
  }

  /**
   * The stream that belongs to a path of numbers, for example (seed, split, sample). Streams of
   * different paths are unrelated, so pieces of work can be done in any order or in parallel and
   * give the same result.
   */
  public static SplitMix64 stream(long... path) {
    long hash = 0;
    for (long step : path) {
      hash = mix(hash + GOLDEN_GAMMA) ^ step;
    }
    return new SplitMix64(mix(hash + GOLDEN_GAMMA));
  }

  /**
   * Where a generator stands after {@code draws} draws; the way to the middle of a long sequence.
   */
  public static SplitMix64 after(long seed, long draws) {
    return new SplitMix64(seed + draws * GOLDEN_GAMMA);
  }

  /** The next 64 uniform bits. */
  public long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /** Uniform in [0, 1), in steps of 2^-53. */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /** Uniform in [low, high). */
  public double between(double low, double high) {
    return low + (high - low) * nextDouble();
  }

  /**
   * Uniform in 0..bound-1; the bias is below bound / 2^32.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public int nextInt(int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound must be positive, not " + bound);
    }
    return (int) (((nextLong() >>> 32) * bound) >>> 32);
  }

  /**
   * Nearly normal, mean 0 and variance 1: the sum of four uniform 16-bit numbers, centred and
   * scaled. Its range is about +-3.46 and it needs one draw and no logarithm, which matters where a
   * hundred million are wanted.
   */
  public double nextGaussian() {
    long bits = nextLong();
    long sum =
        (bits & 0xFFFF) + ((bits >>> 16) & 0xFFFF) + ((bits >>> 32) & 0xFFFF) + (bits >>> 48);
    return (sum - 2 * 65535) * GAUSSIAN_SCALE;
  }

  // the variance of a uniform integer in 0..65535 is (65536^2 - 1) / 12; four of them are summed
  private static final double GAUSSIAN_SCALE = 1 / Math.sqrt(4 * (65536.0 * 65536.0 - 1) / 12);

  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
