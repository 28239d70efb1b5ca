package dev.compress.quantize;

import dev.compress.calibrate.QuantizationGrid;
import dev.compress.tensor.ElementType;

/** The integer types that hold quantized values. */
public enum QuantizedType {
  /** 0 to 255. */
  UINT8(0, 255),
  /** -128 to 127. */
  INT8(-128, 127),
  /** 0 to 65535. */
  UINT16(0, 65_535),
  /** -32768 to 32767. */
  INT16(-32_768, 32_767),
  /** 0 to 15, two in a byte. */
  UINT4(0, 15),
  /** -8 to 7, two in a byte. */
  INT4(-8, 7);

  private final int min;
  private final int max;

  QuantizedType(int min, int max) {
    this.min = min;
    this.max = max;
  }

  /** The element type of a tensor of such values. */
  public ElementType elementType() {
    return switch (this) {
      case UINT8 -> ElementType.UINT8;
      case INT8 -> ElementType.INT8;
      case UINT16 -> ElementType.UINT16;
      case INT16 -> ElementType.INT16;
      case UINT4 -> ElementType.UINT4;
      case INT4 -> ElementType.INT4;
    };
  }

  /** The smallest code. */
  public int min() {
    return min;
  }

  /** The largest code. */
  public int max() {
    return max;
  }

  /** Whether codes may be negative. */
  public boolean isSigned() {
    return min < 0;
  }

  /** The code in the middle: 0 for signed types, half of the range for the others. */
  public int middle() {
    return isSigned() ? 0 : (max + 1) / 2;
  }

  /** The largest distance from the middle that exists on both sides, such as 127. */
  public int symmetricLimit() {
    return max - middle();
  }

  /** The grid that calibration fits a range to. */
  public QuantizationGrid grid(boolean symmetric) {
    return symmetric
        ? new QuantizationGrid(2 * symmetricLimit() + 1, true)
        : new QuantizationGrid(max - min + 1, false);
  }
}
