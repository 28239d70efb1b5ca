/** Tests of the package of the same name. */
@NullMarked
package dev.compress.models.catalog;

import org.jspecify.annotations.NullMarked;
