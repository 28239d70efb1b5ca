/**
 * Random numbers that are the same on every machine: what the sample's images and the
 * architectures' weights are drawn from. Imports nothing.
 */
@NullMarked
package dev.compress.models.random;

import org.jspecify.annotations.NullMarked;
