/**
 * Statistics that latency and energy share: a mean with an interval that may decide itself when to
 * stop. Imports {@code metric} of the core.
 */
@NullMarked
package dev.compress.evaluation.statistics;

import org.jspecify.annotations.NullMarked;
