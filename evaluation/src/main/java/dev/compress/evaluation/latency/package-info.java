/**
 * Latency of variants, measured in turn: steady state, distribution, ratio to the baseline. Knows
 * nothing of models: what is timed is a {@link dev.compress.evaluation.latency.LatencySubject}.
 */
@NullMarked
package dev.compress.evaluation.latency;

import org.jspecify.annotations.NullMarked;
