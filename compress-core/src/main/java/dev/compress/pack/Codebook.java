package dev.compress.pack;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The distinct values of a weight, by their bits, zero first where there is one and the rest in
 * ascending order of the bits; at most {@value #MOST}. Immutable.
 */
final class Codebook {
  /** The most values that an index of 8 bits tells apart. */
  static final int MOST = 256;

  private final int[] values;
  private final int[] slots = new int[4 * MOST]; // open addressing: index of the value plus one

  /**
   * A codebook.
   *
   * @param values distinct, at most {@value #MOST}; copied and sorted
   */
  Codebook(int[] values) {
    if (values.length > MOST) {
      throw new IllegalArgumentException(values.length + " values in a codebook");
    }
    this.values = values.clone();
    Arrays.sort(this.values);
    int zero = Arrays.binarySearch(this.values, 0);
    if (zero > 0) {
      System.arraycopy(this.values, 0, this.values, 1, zero);
      this.values[0] = 0;
    }
    for (int i = 0; i < this.values.length; i++) {
      int slot = slot(this.values[i]);
      while (slots[slot] != 0) {
        slot = (slot + 1) % slots.length;
      }
      slots[slot] = i + 1;
    }
  }

  private static int slot(int value) {
    return (value * 0x9E3779B1) >>> 22;
  }

  int size() {
    return values.length;
  }

  boolean hasZero() {
    return values.length > 0 && values[0] == 0;
  }

  /** How many values are not zero. */
  int nonZeros() {
    return values.length - (hasZero() ? 1 : 0);
  }

  /** The same with zero in it. */
  Codebook withZero() {
    if (hasZero()) {
      return this;
    }
    return new Codebook(Arrays.copyOf(values, values.length + 1));
  }

  /**
   * The index of a value that is in it.
   *
   * @throws IllegalArgumentException if it is not
   */
  int indexOf(int bits) {
    int slot = slot(bits);
    while (true) {
      int index = slots[slot] - 1;
      if (index < 0) {
        throw new IllegalArgumentException("Not in the codebook: " + bits);
      }
      if (values[index] == bits) {
        return index;
      }
      slot = (slot + 1) % slots.length;
    }
  }

  /** The values as a constant. */
  Tensor tensor(ElementType type) {
    int elementBytes = type.bits() / 8;
    byte[] bytes = new byte[values.length * elementBytes];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      switch (elementBytes) {
        case 1 -> out.put((byte) value);
        case 2 -> out.putShort((short) value);
        default -> out.putInt(value);
      }
    }
    return Tensor.ofBytes(type, Shape.of(values.length), bytes);
  }
}
