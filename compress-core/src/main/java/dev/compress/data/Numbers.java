package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Numbers of any element type to doubles and back, little-endian. */
final class Numbers {
  private static final long EXACT = 1L << 53;
  private static final int PIECE = 1 << 13;

  private Numbers() {}

  /**
   * Decodes {@code count} elements from the buffer's position on.
   *
   * @param what names the value in the error that an integer beyond 2^53 makes
   */
  static double[] toDoubles(ElementType type, ByteBuffer bytes, int count, String what) {
    double[] values = new double[count];
    ByteBuffer in = bytes.duplicate().order(bytes.order());
    switch (type.name()) {
      case "float" -> {
        for (int i = 0; i < count; i++) {
          values[i] = in.getFloat();
        }
      }
      case "double" -> in.asDoubleBuffer().get(values);
      case "float16" -> {
        for (int i = 0; i < count; i++) {
          values[i] = Float16.toFloat(in.getShort());
        }
      }
      case "uint8" -> {
        for (int i = 0; i < count; i++) {
          values[i] = in.get() & 0xff;
        }
      }
      case "bool" -> {
        for (int i = 0; i < count; i++) {
          values[i] = in.get() == 0 ? 0 : 1;
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          values[i] = exact(integer(type, in), what);
        }
      }
    }
    return values;
  }

  /** The next integer; of uint64 the two's complement. */
  static long integer(ElementType type, ByteBuffer in) {
    return switch (type.name()) {
      case "uint8", "bool" -> in.get() & 0xff;
      case "int8" -> in.get();
      case "uint16" -> in.getShort() & 0xffff;
      case "int16" -> in.getShort();
      case "uint32" -> in.getInt() & 0xffffffffL;
      case "int32" -> in.getInt();
      case "int64", "uint64" -> in.getLong();
      default -> throw new IllegalArgumentException("No integer type: " + type);
    };
  }

  private static double exact(long value, String what) {
    if (value > EXACT || value < -EXACT) {
      throw new InvalidDataException(
          what
              + " holds "
              + value
              + ", which is beyond ±2^53 and would be rounded. "
              + "Give it in the type that the model wants.");
    }
    return (double) value;
  }

  /** Whether one of the elements is NaN; false for integers. */
  static boolean hasNan(ElementType type, ByteBuffer bytes, int count) {
    int at = bytes.position();
    boolean nan = false;
    if (type.equals(ElementType.FLOAT)) {
      FloatBuffer floats = bytes.slice().order(bytes.order()).asFloatBuffer();
      float[] piece = new float[Math.min(count, PIECE)];
      for (int done = 0; done < count; done += piece.length) {
        int n = Math.min(piece.length, count - done);
        floats.get(piece, 0, n);
        nan |= hasNan(piece, n);
      }
    } else if (type.equals(ElementType.DOUBLE)) {
      for (int i = 0; i < count; i++) {
        nan |= Double.isNaN(bytes.getDouble(at + 8 * i));
      }
    } else if (type.equals(ElementType.FLOAT16)) {
      for (int i = 0; i < count; i++) {
        nan |= (bytes.getShort(at + 2 * i) & 0x7fff) > 0x7c00;
      }
    }
    return nan;
  }

  private static boolean hasNan(float[] values, int count) {
    boolean nan = false;
    for (int i = 0; i < count; i++) {
      nan |= Float.isNaN(values[i]);
    }
    return nan;
  }

  /**
   * Encodes values, each of which must be one of the type's numbers where that is an integer type.
   *
   * @param what names the value in the error
   */
  static void write(ElementType type, double[] values, ByteBuffer out, String what) {
    switch (type.name()) {
      case "float" -> {
        for (double value : values) {
          out.putFloat((float) value);
        }
      }
      case "double" -> {
        for (double value : values) {
          out.putDouble(value);
        }
      }
      case "float16" -> {
        for (double value : values) {
          out.putShort(Float16.fromFloat((float) value));
        }
      }
      case "bool" -> {
        for (double value : values) {
          out.put((byte) (value == 0 ? 0 : 1));
        }
      }
      default -> {
        for (double value : values) {
          writeInteger(type, value, out, what);
        }
      }
    }
  }

  private static void writeInteger(ElementType type, double value, ByteBuffer out, String what) {
    boolean signed = type.name().startsWith("int");
    double low = signed ? -Math.pow(2, type.bits() - 1) : 0;
    double high = Math.pow(2, signed ? type.bits() - 1 : type.bits());
    if (value != Math.rint(value) || value < low || value >= high) {
      throw new InvalidDataException(
          what
              + " holds "
              + value
              + ", which is no "
              + DataTypes.name(type)
              + ". The model takes whole numbers in that range.");
    }
    switch (type.bits()) {
      case 8 -> out.put((byte) (long) value);
      case 16 -> out.putShort((short) (long) value);
      case 32 -> out.putInt((int) (long) value);
      default -> out.putLong(unsignedLong(value));
    }
  }

  private static long unsignedLong(double value) {
    return value < 0x1p63 ? (long) value : (long) (value - 0x1p63) + Long.MIN_VALUE;
  }
}
