package dev.compress.quantize;

/** How activations get their ranges. */
public enum QuantizationMode {
  /** Static with calibration data; without it the best data-free choice per node. */
  AUTO,
  /** Ranges fixed at calibration. */
  STATIC,
  /** Ranges measured at each run. */
  DYNAMIC,
  /** Only weights are stored in fewer bits; arithmetic stays float. */
  WEIGHTS
}
