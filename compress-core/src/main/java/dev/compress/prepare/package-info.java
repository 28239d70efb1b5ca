/**
 * Passes that make a model ready for compression without changing what it computes: they take
 * initializers out of the inputs, fold constants and batch normalization, remove what does nothing,
 * and raise the operator set. Imports {@code pass}, {@code runtime}, {@code graph}, {@code tensor},
 * {@code progress} and {@code error}.
 */
@NullMarked
package dev.compress.prepare;

import org.jspecify.annotations.NullMarked;
