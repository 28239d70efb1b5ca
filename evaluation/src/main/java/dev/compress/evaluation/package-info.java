/**
 * Measures model variants side by side: accuracy, latency and energy, with intervals, comparison
 * and reports. Imports the core; never {@code models}, {@code gpu} or {@code cli}.
 */
@NullMarked
package dev.compress.evaluation;

import org.jspecify.annotations.NullMarked;
