package dev.compress.quantize;

/**
 * Changes the codes of quantized weights: the port for a technique that wants its say between the
 * rounding of a weight and its being written. Implementations are immutable records.
 */
public interface CodeMap {
  /** Leaves codes as they are. */
  CodeMap NONE = new Unchanged();

  /**
   * What the codes of one weight become.
   *
   * @param counts how often each code occurs, from -128 on
   * @param masses how much the square of an error of each code counts: the sum of the squared
   *     scales of its channels
   * @return the new code of each, from -128 on
   */
  byte[] map(long[] counts, double[] masses);

  /** How many different codes it leaves a weight at most; 0 where it does not limit them. */
  int most();

  /** Leaves codes as they are. */
  record Unchanged() implements CodeMap {
    @Override
    public byte[] map(long[] counts, double[] masses) {
      throw new IllegalStateException("Nothing is changed");
    }

    @Override
    public int most() {
      return 0;
    }
  }
}
