/**
 * Gradients of a loss by a model's weights, as far as it needs no engine of gradients: what is
 * asked of one ({@link dev.compress.gradient.GradientEngine}, filled by the module {@code models}).
 * Below everything that prunes, which {@code train} is not. Imports {@code calibrate} and what is
 * below it.
 */
@NullMarked
package dev.compress.gradient;

import org.jspecify.annotations.NullMarked;
