/**
 * How long things take, side by side, on machines that do other work as well. Imports {@code
 * error}, {@code progress}, {@code tensor}, {@code metric} (intervals) and {@code runtime}
 * (sessions).
 */
@NullMarked
package dev.compress.timing;

import org.jspecify.annotations.NullMarked;
