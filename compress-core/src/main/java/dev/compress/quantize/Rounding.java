package dev.compress.quantize;

/** How weights are rounded to codes. */
public enum Rounding {
  /** Each weight to the nearest code. */
  NEAREST,
  /** Up or down so that the layer's output changes least; takes calibration data. */
  ADAPTIVE
}
