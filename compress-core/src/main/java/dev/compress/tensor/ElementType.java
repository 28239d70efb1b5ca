package dev.compress.tensor;

/**
 * The element type of a tensor: the ONNX {@code TensorProto.DataType} code with what is known of
 * it. A code newer than this list is kept as it is, with {@code bits} 0, so that reading and
 * writing lose nothing.
 *
 * @param code the ONNX code
 * @param name the ONNX name in lower case, such as "float" or "int8"
 * @param bits bits of one element; 4 and 2 are packed, the first element in the lowest bits; 0 if
 *     unknown or not of fixed size
 */
public record ElementType(int code, String name, int bits) {
  public static final ElementType UNDEFINED = new ElementType(0, "undefined", 0);
  public static final ElementType FLOAT = new ElementType(1, "float", 32);
  public static final ElementType UINT8 = new ElementType(2, "uint8", 8);
  public static final ElementType INT8 = new ElementType(3, "int8", 8);
  public static final ElementType UINT16 = new ElementType(4, "uint16", 16);
  public static final ElementType INT16 = new ElementType(5, "int16", 16);
  public static final ElementType INT32 = new ElementType(6, "int32", 32);
  public static final ElementType INT64 = new ElementType(7, "int64", 64);
  public static final ElementType STRING = new ElementType(8, "string", 0);
  public static final ElementType BOOL = new ElementType(9, "bool", 8);
  public static final ElementType FLOAT16 = new ElementType(10, "float16", 16);
  public static final ElementType DOUBLE = new ElementType(11, "double", 64);
  public static final ElementType UINT32 = new ElementType(12, "uint32", 32);
  public static final ElementType UINT64 = new ElementType(13, "uint64", 64);
  public static final ElementType COMPLEX64 = new ElementType(14, "complex64", 64);
  public static final ElementType COMPLEX128 = new ElementType(15, "complex128", 128);
  public static final ElementType BFLOAT16 = new ElementType(16, "bfloat16", 16);
  public static final ElementType FLOAT8E4M3FN = new ElementType(17, "float8e4m3fn", 8);
  public static final ElementType FLOAT8E4M3FNUZ = new ElementType(18, "float8e4m3fnuz", 8);
  public static final ElementType FLOAT8E5M2 = new ElementType(19, "float8e5m2", 8);
  public static final ElementType FLOAT8E5M2FNUZ = new ElementType(20, "float8e5m2fnuz", 8);
  public static final ElementType UINT4 = new ElementType(21, "uint4", 4);
  public static final ElementType INT4 = new ElementType(22, "int4", 4);
  public static final ElementType FLOAT4E2M1 = new ElementType(23, "float4e2m1", 4);
  public static final ElementType FLOAT8E8M0 = new ElementType(24, "float8e8m0", 8);
  public static final ElementType UINT2 = new ElementType(25, "uint2", 2);
  public static final ElementType INT2 = new ElementType(26, "int2", 2);

  // By code. No stream and no map: this class is loaded at every start.
  private static final ElementType[] KNOWN = {
    UNDEFINED,
    FLOAT,
    UINT8,
    INT8,
    UINT16,
    INT16,
    INT32,
    INT64,
    STRING,
    BOOL,
    FLOAT16,
    DOUBLE,
    UINT32,
    UINT64,
    COMPLEX64,
    COMPLEX128,
    BFLOAT16,
    FLOAT8E4M3FN,
    FLOAT8E4M3FNUZ,
    FLOAT8E5M2,
    FLOAT8E5M2FNUZ,
    UINT4,
    INT4,
    FLOAT4E2M1,
    FLOAT8E8M0,
    UINT2,
    INT2
  };

  /**
   * The type of an ONNX code.
   *
   * @param code any {@code TensorProto.DataType} value
   * @return the known type, or one named "type(code)" with 0 bits
   */
  public static ElementType of(int code) {
    return code >= 0 && code < KNOWN.length
        ? KNOWN[code]
        : new ElementType(code, "type(" + code + ")", 0);
  }

  /** Whether elements are float, double, float16 or bfloat16. */
  public boolean isFloatingPoint() {
    return equals(FLOAT) || equals(DOUBLE) || equals(FLOAT16) || equals(BFLOAT16);
  }

  /** Whether one element has a known, fixed size. */
  public boolean isFixedSize() {
    return bits > 0;
  }

  /**
   * Bytes that {@code elements} elements take, packed and rounded up to whole bytes.
   *
   * @param elements how many
   * @return the bytes
   * @throws ArithmeticException if that passes 2^63-1, or the size of an element is unknown
   */
  public long byteSize(long elements) {
    if (bits == 0) {
      throw new ArithmeticException("The element size of " + name + " is not fixed");
    }
    return bits >= 8
        ? Math.multiplyExact(elements, (long) (bits / 8))
        : Math.addExact(Math.multiplyExact(elements, (long) bits), 7L) / 8;
  }

  // Written out: the generated ones cost tens of milliseconds at their first use.
  @Override
  public boolean equals(Object other) {
    return other instanceof ElementType that
        && code == that.code
        && bits == that.bits
        && name.equals(that.name);
  }

  @Override
  public int hashCode() {
    return code;
  }

  @Override
  public String toString() {
    return name;
  }
}
