/** Tests of the package of the same name. */
@NullMarked
package dev.compress.models.training;

import org.jspecify.annotations.NullMarked;
