/**
 * Accuracy of variants against labels, and fidelity to the baseline, sample by sample over one
 * dataset that is streamed once.
 */
@NullMarked
package dev.compress.evaluation.accuracy;

import org.jspecify.annotations.NullMarked;
