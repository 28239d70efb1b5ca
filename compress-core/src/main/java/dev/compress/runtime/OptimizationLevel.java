package dev.compress.runtime;

/** How much ONNX Runtime changes a graph before it runs it. */
public enum OptimizationLevel {
  /** Nothing is fused or folded. */
  NONE,
  /** Constant folding, redundant nodes, and whatever else keeps to standard operators. */
  BASIC,
  /** Also fusions into the runtime's own operators, integer kernels among them. */
  EXTENDED,
  /** Also layouts that depend on this processor. What users run. */
  ALL
}
