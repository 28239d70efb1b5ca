/**
 * The one door for someone who embeds the library: a recipe and a model in, a model and a report
 * out. May import every other package of the core; none of them imports this one.
 */
@NullMarked
package dev.compress;

import org.jspecify.annotations.NullMarked;
