package dev.compress.prune.channels;

/** By what a channel matters. */
public enum ChannelCriterion {
  /** The squares of the weights that make and read it. */
  MAGNITUDE,
  /** What its readers' outputs lose, from samples. */
  ACTIVATION,
  /** The scale of the batch normalization behind it (Liu et al., 1708.06519), else magnitude. */
  BN,
  /** What the loss changes by, in first order, from gradients ({@link UnitGradients}). */
  TAYLOR
}
