package dev.compress.timing;

/**
 * How long one run took.
 *
 * @param name what was timed
 * @param runs how many runs were timed, warm-up excluded
 * @param p20Nanos the 20th percentile: what a machine with nothing else to do would mostly show
 * @param p50Nanos the median
 * @param p90Nanos the 90th percentile
 */
public record Latency(String name, long runs, double p20Nanos, double p50Nanos, double p90Nanos) {}
