package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Random;

/** Which samples of a source a dataset consists of, in which order. Immutable. */
final class Selection {
  private final long offset;
  private final long count;
  private final int[] picked;
  private final boolean all;

  private Selection(long offset, long count, int[] picked, boolean all) {
    this.offset = offset;
    this.count = count;
    this.picked = picked;
    this.all = all;
  }

  static Selection all(long count) {
    return new Selection(0, count, new int[0], true);
  }

  long count() {
    return count;
  }

  long at(long index) {
    Objects.checkIndex(index, count);
    return picked.length > 0 ? picked[(int) (offset + index)] : offset + index;
  }

  Selection slice(long from, long length) {
    if (from < 0 || length < 1 || from > count - length) {
      throw new InvalidDataException(
          "Samples "
              + from
              + " to "
              + (from + length - 1)
              + " were asked for, but there are "
              + count
              + ". Correct the split.");
    }
    return new Selection(offset + from, length, picked, all && from == 0 && length == count);
  }

  /** {@code n} samples at equal distances. */
  Selection spread(long n) {
    if (n >= count) {
      return this;
    }
    int[] chosen = new int[Math.toIntExact(n)];
    for (int i = 0; i < chosen.length; i++) {
      // The middle of the i-th of n equal parts, in whole numbers.
      chosen[i] = Math.toIntExact(at((2L * i + 1) * count / (2 * n)));
    }
    return new Selection(0, n, chosen, false);
  }

  /** All samples in an order that depends on the seed only (Fisher and Yates). */
  Selection shuffled(long seed) {
    int[] chosen = new int[Math.toIntExact(count)];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = Math.toIntExact(at(i));
    }
    Random random = new Random(seed);
    for (int i = chosen.length - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int kept = chosen[i];
      chosen[i] = chosen[other];
      chosen[other] = kept;
    }
    return new Selection(0, count, chosen, false);
  }

  /** Some samples in a given order. */
  Selection pick(int[] positions) {
    int[] chosen = new int[positions.length];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = Math.toIntExact(at(positions[i]));
    }
    return new Selection(0, chosen.length, chosen, false);
  }

  /** A text or number that is the same for the same selection, for fingerprints. */
  byte[] identity() {
    ByteBuffer bytes = ByteBuffer.allocate(16 + 4 * picked.length);
    bytes.putLong(offset).putLong(count);
    for (int index : picked) {
      bytes.putInt(index);
    }
    return bytes.array();
  }

  boolean isAll() {
    return all;
  }
}
