/**
 * Layers of a changed model fitted anew to what the original puts out, one after the other, from
 * what the changed model gives them. Used by whatever prunes. Imports what is below {@code pass},
 * {@code pass} itself, and of {@code quantize} what it knows of linear layers.
 */
@NullMarked
package dev.compress.prune.fit;

import org.jspecify.annotations.NullMarked;
