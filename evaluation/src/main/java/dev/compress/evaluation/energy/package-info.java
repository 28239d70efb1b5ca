/**
 * Joules per inference: the sources of energy on a machine, the protocol that turns their counters
 * into numbers with an interval and a provenance, the estimate where there is no sensor, and what
 * follows from joules (carbon, cost, break-even). Imports {@code energy}, {@code error}, {@code
 * metric} and {@code progress} of the core.
 */
@NullMarked
package dev.compress.evaluation.energy;

import org.jspecify.annotations.NullMarked;
