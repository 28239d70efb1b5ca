/** Tests of the package of the same name. */
@NullMarked
package dev.compress.models.architecture;

import org.jspecify.annotations.NullMarked;
