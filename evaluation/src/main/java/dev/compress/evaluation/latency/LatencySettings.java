package dev.compress.evaluation.latency;

/**
 * How long to time.
 *
 * @param warmupSeconds at most, for each subject
 * @param windowSeconds of one turn
 * @param fewestRounds turns of each at least
 * @param mostRounds turns of each at most; it ends earlier once every ratio is known to 2%
 * @param seed for the order
 */
public record LatencySettings(
    double warmupSeconds, double windowSeconds, int fewestRounds, int mostRounds, long seed) {}
