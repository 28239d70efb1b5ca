package dev.compress.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Doubles to and from the floating-point element types (float, double, float16, bfloat16), each
 * rounded once, half to even, so that what was computed in double is stored as exactly as the type
 * allows.
 */
public final class FloatCodec {
  private FloatCodec() {}

  /**
   * All elements as doubles, for small tensors such as scales and biases.
   *
   * @throws IllegalArgumentException if the elements are no floating-point numbers
   */
  public static double[] decode(Tensor tensor) {
    double[] values = new double[Math.toIntExact(tensor.elementCount())];
    ByteBuffer bytes = ByteBuffer.wrap(tensor.data().toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    decode(tensor.type(), bytes, values, values.length);
    return values;
  }

  /**
   * Takes elements from a buffer.
   *
   * @param type a floating-point type
   * @param source little-endian, at the first element
   * @param target where to, from index 0
   * @param length how many
   * @throws IllegalArgumentException if it is another type
   */
  public static void decode(ElementType type, ByteBuffer source, double[] target, int length) {
    if (type.equals(ElementType.FLOAT)) {
      float[] floats = new float[length]; // in two steps, both of which the JVM vectorizes
      source.asFloatBuffer().get(floats);
      source.position(source.position() + length * Float.BYTES);
      for (int i = 0; i < length; i++) {
        target[i] = floats[i];
      }
    } else if (type.equals(ElementType.DOUBLE)) {
      for (int i = 0; i < length; i++) {
        target[i] = source.getDouble();
      }
    } else if (type.equals(ElementType.FLOAT16)) {
      for (int i = 0; i < length; i++) {
        target[i] = Float16.toFloat(source.getShort());
      }
    } else if (type.equals(ElementType.BFLOAT16)) {
      for (int i = 0; i < length; i++) {
        target[i] = Float.intBitsToFloat(source.getShort() << 16);
      }
    } else {
      throw new IllegalArgumentException("Not a floating-point type: " + type);
    }
  }

  /**
   * A tensor's bytes.
   *
   * @param type a floating-point type
   * @param values the elements
   */
  public static byte[] encode(ElementType type, double[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(type.byteSize(values.length)))
            .order(ByteOrder.LITTLE_ENDIAN);
    encode(type, values, values.length, bytes);
    return bytes.array();
  }

  /**
   * Appends elements to a buffer.
   *
   * @param type a floating-point type
   * @param values the elements
   * @param length how many of them
   * @param target little-endian, with space for them
   * @throws IllegalArgumentException if it is another type
   */
  public static void encode(ElementType type, double[] values, int length, ByteBuffer target) {
    if (type.equals(ElementType.FLOAT)) {
      float[] floats = new float[length];
      for (int i = 0; i < length; i++) {
        floats[i] = (float) values[i];
      }
      target.asFloatBuffer().put(floats);
      target.position(target.position() + length * Float.BYTES);
    } else if (type.equals(ElementType.DOUBLE)) {
      for (int i = 0; i < length; i++) {
        target.putDouble(values[i]);
      }
    } else if (type.equals(ElementType.FLOAT16)) {
      for (int i = 0; i < length; i++) {
        target.putShort(toHalf(values[i]));
      }
    } else if (type.equals(ElementType.BFLOAT16)) {
      for (int i = 0; i < length; i++) {
        target.putShort(toBfloat16(values[i]));
      }
    } else {
      throw new IllegalArgumentException("Not a floating-point type: " + type);
    }
  }

  /** The largest finite magnitude of a floating-point type. */
  public static double largest(ElementType type) {
    if (type.equals(ElementType.FLOAT16)) {
      return 65504;
    }
    if (type.equals(ElementType.BFLOAT16)) {
      return 0x1.FEp127;
    }
    return type.equals(ElementType.DOUBLE) ? Double.MAX_VALUE : Float.MAX_VALUE;
  }

  /** IEEE 754 binary16, rounded half to even; too large becomes infinite. */
  public static short toHalf(double value) {
    int sign = Double.doubleToRawLongBits(value) < 0 ? 0x8000 : 0;
    double magnitude = Math.abs(value);
    if (Double.isNaN(value)) {
      return (short) (sign | 0x7e00);
    }
    if (magnitude >= 65520) {
      return (short) (sign | 0x7c00);
    }
    int exponent = Math.max(Math.getExponent(magnitude), -14);
    // In units of the last place: at most 2048, which carries into the next exponent by itself.
    int units = (int) Math.rint(Math.scalb(magnitude, 10 - exponent));
    return (short) (sign | (units + ((exponent + 14) << 10)));
  }

  /** The upper half of a binary32, rounded half to even; too large becomes infinite. */
  public static short toBfloat16(double value) {
    int sign = Double.doubleToRawLongBits(value) < 0 ? 0x8000 : 0;
    double magnitude = Math.abs(value);
    if (Double.isNaN(value)) {
      return (short) (sign | 0x7fc0);
    }
    if (magnitude >= 0x1.FFp127) {
      return (short) (sign | 0x7f80);
    }
    int exponent = Math.max(Math.getExponent(magnitude), -126);
    int units = (int) Math.rint(Math.scalb(magnitude, 7 - exponent));
    return (short) (sign | (units + ((exponent + 126) << 7)));
  }
}
