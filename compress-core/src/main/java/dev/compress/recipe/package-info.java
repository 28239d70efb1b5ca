/**
 * A recipe: the settings of a transformation as one value that can be saved and loaded, and the
 * explicit list of the passes that it stands for. Imports every technique.
 */
@NullMarked
package dev.compress.recipe;

import org.jspecify.annotations.NullMarked;
