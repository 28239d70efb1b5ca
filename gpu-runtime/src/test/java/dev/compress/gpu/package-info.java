/** Tests of the package of the same name. */
@NullMarked
package dev.compress.gpu;

import org.jspecify.annotations.NullMarked;
