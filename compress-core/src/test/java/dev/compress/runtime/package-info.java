/** Tests of the package of the same name. */
@NullMarked
package dev.compress.runtime;

import org.jspecify.annotations.NullMarked;
