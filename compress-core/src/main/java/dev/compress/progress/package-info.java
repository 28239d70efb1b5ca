/** Progress and cancellation, as a port that a caller implements. Imports only {@code error}. */
@NullMarked
package dev.compress.progress;

import org.jspecify.annotations.NullMarked;
