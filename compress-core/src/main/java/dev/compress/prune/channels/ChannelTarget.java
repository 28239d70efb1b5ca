package dev.compress.prune.channels;

/** What the share that is pruned is a share of. */
public enum ChannelTarget {
  /** The channels. */
  CHANNELS,
  /** The elements of all weights. */
  PARAMS,
  /** The multiplications of one inference. */
  MACS,
  /** The time of one inference, measured on this machine. */
  LATENCY
}
