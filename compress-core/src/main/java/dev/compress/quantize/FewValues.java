package dev.compress.quantize;

import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Tensor;
import java.util.HashSet;
import java.util.Set;

/** Tells weights that share few values, because they were clustered, from others. */
public final class FewValues {
  /** As many as codes of 8 bits tell apart. */
  private static final int MOST = 255;

  private static final int FEWEST_WEIGHTS_A_VALUE = 4;
  private static final int PIECE = 1 << 12;

  private FewValues() {}

  /**
   * Whether a weight's different values are no more than codes, each in several places. Zeros say
   * nothing: those of a pruned weight leave it few values that nobody made alike.
   */
  public static boolean are(Tensor weight) {
    Set<Float> values = new HashSet<>();
    long others = 0;
    long elements = weight.elementCount();
    float[] piece = new float[(int) Math.min(PIECE, elements)];
    FloatReader reader = new FloatReader(weight);
    for (long from = 0; from < elements; from += piece.length) {
      int count = (int) Math.min(piece.length, elements - from);
      reader.read(from, piece, 0, count);
      for (int i = 0; i < count; i++) {
        if (piece[i] != 0) {
          others++;
          values.add(piece[i]);
        }
        if (values.size() > MOST) {
          return false;
        }
      }
    }
    return others >= (long) FEWEST_WEIGHTS_A_VALUE * values.size();
  }
}
