package dev.compress.proof;

/** How much is proved after writing. */
public enum ProofMode {
  /** Full, or kernels alone where the float model is large. */
  AUTO,
  /** Kernels, fidelity and speed. */
  FULL,
  /** Kernels alone. */
  KERNELS,
  /** Nothing. */
  NONE
}
