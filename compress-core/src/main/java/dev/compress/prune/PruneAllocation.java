package dev.compress.prune;

/** How the pruned share is divided among layers. */
public enum PruneAllocation {
  /** By one threshold of {@link LampAllocation} for all. */
  GLOBAL,
  /** The same share of each. */
  LAYER
}
