/**
 * Pruning: weights set to zero, by what they matter, and the others changed so that the outputs
 * stay what they were. The arithmetic (scores and masks in, counts and weights out) stands apart
 * from the pass. Imports what is below {@code pass}, {@code pass} itself, and of {@code quantize}
 * its filter of nodes and what it knows of linear layers.
 */
@NullMarked
package dev.compress.prune;

import org.jspecify.annotations.NullMarked;
