/** Tests of the package of the same name. */
@NullMarked
package dev.compress.evaluation.energy;

import org.jspecify.annotations.NullMarked;
