/** Tests of the package of the same name. */
@NullMarked
package dev.compress.models.sample;

import org.jspecify.annotations.NullMarked;
