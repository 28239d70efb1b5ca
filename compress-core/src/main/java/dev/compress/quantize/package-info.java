/**
 * Quantization of weights and activations: the arithmetic (arrays in, arrays out) and the passes
 * that apply it to a model. Imports everything below {@code pass} and {@code pass} itself, no other
 * technique.
 */
@NullMarked
package dev.compress.quantize;

import org.jspecify.annotations.NullMarked;
