/** Tests of the package of the same name. */
@NullMarked
package dev.compress.timing;

import org.jspecify.annotations.NullMarked;
