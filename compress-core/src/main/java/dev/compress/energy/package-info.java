/**
 * The port of energy: meters that count joules, readings that say what kind of number they are, and
 * how meters are found. The core only declares it and holds what every source needs alike (wraps,
 * integration, failed reads); sources live in the outer modules and are found through {@link
 * java.util.ServiceLoader}. Imports {@code error} and {@code metric} (intervals).
 */
@NullMarked
package dev.compress.energy;

import org.jspecify.annotations.NullMarked;
