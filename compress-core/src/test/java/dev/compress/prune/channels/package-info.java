/** Tests of structured pruning: what is removed equals what is zero. */
@NullMarked
package dev.compress.prune.channels;

import org.jspecify.annotations.NullMarked;
