package dev.compress.quantize;

/**
 * Changes the codes of quantized weights: the port for a technique that wants its say between the
 * rounding of a weight and its being written. Implementations are immutable records.
 */
public interface CodeMap {
  /** Leaves codes as they are. */
  CodeMap NONE = new Unchanged();

  /**
   * What the codes of one weight become, in each of its groups of output channels.
   *
   * @param counts how often each code occurs in each group, from -128 on
   * @param masses how much the square of an error of each code counts: the sum of the squared
   *     scales of its channels
   * @return for each group the new code of each, from -128 on
   */
  byte[][] maps(long[][] counts, double[][] masses);

  /** How many different codes it leaves a group at most; 0 where it does not limit them. */
  int most();

  /** How many runs of output channels have codes of their own. */
  int groups();

  /** Leaves codes as they are. */
  record Unchanged() implements CodeMap {
    @Override
    public byte[][] maps(long[][] counts, double[][] masses) {
      throw new IllegalStateException("Nothing is changed");
    }

    @Override
    public int most() {
      return 0;
    }

    @Override
    public int groups() {
      return 1;
    }
  }
}
