/**
 * Structured pruning: channels, attention heads and hidden units that are really removed. What
 * hangs together is found on the graph alone; which of it matters least is found from weights and
 * samples; removal slices the weights and mends the sizes that constants hold; reconstruction
 * solves for the remaining weights. Imports what is below {@code pass}, {@code pass} itself, and of
 * {@code quantize} its filter of nodes, its linear algebra and what it knows of linear layers.
 */
@NullMarked
package dev.compress.prune.channels;

import org.jspecify.annotations.NullMarked;
