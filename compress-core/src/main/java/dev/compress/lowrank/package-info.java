/**
 * Low rank: layers as two smaller ones, where that was measured to be faster. The arithmetic is
 * {@code linalg}'s. Imports what is below {@code pass}, {@code pass} itself, of {@code quantize}
 * its filter of nodes and what it knows of linear layers, and of {@code prune.fit} the moments of
 * what layers read.
 */
@NullMarked
package dev.compress.lowrank;

import org.jspecify.annotations.NullMarked;
