package dev.compress.inspect;

import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/** Counts zeros of constants, piece by piece, so that no weight is in memory whole. */
final class Zeros {
  private static final int PIECE_BYTES = 1 << 18;

  private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final Progress progress;

  /**
   * A counter.
   *
   * @param progress advanced by the bytes read, and asked whether to stop
   */
  Zeros(Progress progress) {
    this.progress = progress;
  }

  /** Whether a zero of this type is a zero weight: not so where a zero point may be added. */
  static boolean areCounted(ElementType type) {
    return type.isFloatingPoint() || type.equals(ElementType.INT8) || type.equals(ElementType.INT4);
  }

  /**
   * The elements that are 0, or -0.
   *
   * @param tensor any constant
   * @return empty where {@link #areCounted} says no
   */
  OptionalLong count(Tensor tensor) {
    if (!areCounted(tensor.type())) {
      return OptionalLong.empty();
    }
    long zeros = 0;
    long size = tensor.byteSize();
    for (long position = 0; position < size; position += PIECE_BYTES) {
      progress.check();
      piece.clear().limit((int) Math.min(PIECE_BYTES, size - position));
      tensor.data().read(position, piece);
      piece.flip();
      progress.advance(piece.limit());
      zeros += zerosOfPiece(tensor.type());
    }
    if (tensor.type().equals(ElementType.INT4) && tensor.elementCount() % 2 == 1) {
      zeros -= lastHalfIsZero(tensor) ? 1 : 0; // the other half of the last byte is no element
    }
    return OptionalLong.of(zeros);
  }

  private long zerosOfPiece(ElementType type) {
    long zeros = 0;
    switch (type.bits()) {
      case 64 -> {
        while (piece.hasRemaining()) {
          zeros += piece.getLong() << 1 == 0 ? 1 : 0;
        }
      }
      case 32 -> {
        while (piece.hasRemaining()) {
          zeros += piece.getInt() << 1 == 0 ? 1 : 0;
        }
      }
      case 16 -> {
        while (piece.hasRemaining()) {
          zeros += (piece.getShort() & 0x7fff) == 0 ? 1 : 0;
        }
      }
      case 8 -> {
        while (piece.hasRemaining()) {
          zeros += piece.get() == 0 ? 1 : 0;
        }
      }
      default -> {
        while (piece.hasRemaining()) {
          int pair = piece.get();
          zeros += ((pair & 0xf) == 0 ? 1 : 0) + ((pair & 0xf0) == 0 ? 1 : 0);
        }
      }
    }
    return zeros;
  }

  private static boolean lastHalfIsZero(Tensor tensor) {
    ByteBuffer last = ByteBuffer.allocate(1);
    tensor.data().read(tensor.byteSize() - 1, last);
    return (last.get(0) & 0xf0) == 0;
  }
}
