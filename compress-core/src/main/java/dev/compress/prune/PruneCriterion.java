package dev.compress.prune;

/** By what a weight matters. */
public enum PruneCriterion {
  /** {@code |w|}. */
  MAGNITUDE,
  /** {@code |w| * sqrt(E[x^2])}, x the input that it multiplies (Wanda, Sun et al., 2306.11695). */
  ACTIVATION,
  /** {@code |w| * sqrt(E[(dL/dw)^2])}, L the loss of a sample ({@link TaylorScores}). */
  TAYLOR
}
