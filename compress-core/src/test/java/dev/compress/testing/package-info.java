/**
 * What tests of several modules share. Imports nothing but the JDK, so that it can travel in a test
 * jar without dragging dependencies along.
 */
@NullMarked
package dev.compress.testing;

import org.jspecify.annotations.NullMarked;
