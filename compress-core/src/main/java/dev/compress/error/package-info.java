/** The failures that callers of the library handle. Imports nothing of this project. */
@NullMarked
package dev.compress.error;

import org.jspecify.annotations.NullMarked;
