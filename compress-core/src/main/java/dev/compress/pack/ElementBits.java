package dev.compress.pack;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * Reads the elements of a tensor as what they are in the file, their bits: packing must give back
 * exactly those, so that a negative zero is no zero and a NaN keeps its payload. Not thread-safe.
 */
final class ElementBits {
  private static final int PIECE = 1 << 16;

  private final Tensor tensor;
  private final int elementBytes;
  private final ByteBuffer buffer;

  /**
   * A reader.
   *
   * @param tensor with elements of 1, 2 or 4 bytes
   */
  ElementBits(Tensor tensor) {
    if (!canRead(tensor.type())) {
      throw new IllegalArgumentException("Not elements of 1, 2 or 4 bytes: " + tensor.type());
    }
    this.tensor = tensor;
    this.elementBytes = tensor.type().bits() / 8;
    this.buffer = ByteBuffer.allocate(PIECE * elementBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether elements of a type have a size that is read here. */
  static boolean canRead(ElementType type) {
    return type.bits() == 8 || type.bits() == 16 || type.bits() == 32;
  }

  int elementBytes() {
    return elementBytes;
  }

  /** Given the elements, in order, a piece at a time. */
  @FunctionalInterface
  interface PieceReader {
    void accept(int[] bits, int count);
  }

  /** Reads all elements; those of less than 4 bytes fill the lowest bits. */
  void forEachPiece(PieceReader reader) {
    forEachPieceWhile(() -> true, reader);
  }

  /** Reads elements as long as they are wanted, which is asked before each piece. */
  void forEachPieceWhile(BooleanSupplier wanted, PieceReader reader) {
    int[] bits = new int[(int) Math.min(PIECE, tensor.elementCount())];
    for (long from = 0; from < tensor.elementCount() && wanted.getAsBoolean(); ) {
      int count = (int) Math.min(bits.length, tensor.elementCount() - from);
      buffer.clear().limit(count * elementBytes);
      tensor.data().read(from * elementBytes, buffer);
      buffer.flip();
      decode(bits, count);
      reader.accept(bits, count);
      from += count;
    }
  }

  private void decode(int[] bits, int count) {
    Objects.checkFromIndexSize(0, count, bits.length);
    switch (elementBytes) {
      case 1 -> {
        byte[] bytes = buffer.array();
        for (int i = 0; i < count; i++) {
          bits[i] = bytes[i] & 0xFF;
        }
      }
      case 2 -> {
        for (int i = 0; i < count; i++) {
          bits[i] = buffer.getShort(2 * i) & 0xFFFF;
        }
      }
      default -> buffer.asIntBuffer().get(bits, 0, count);
    }
  }
}
