/**
 * What is learnt from sample data: streaming observers of tensors, whose memory does not grow with
 * the samples, and the choice of a quantization range from what they saw. Imports {@code error},
 * {@code tensor}, {@code graph}, {@code runtime} and {@code data}.
 */
@NullMarked
package dev.compress.calibrate;

import org.jspecify.annotations.NullMarked;
