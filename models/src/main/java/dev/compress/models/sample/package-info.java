/**
 * The embedded sample {@code glyphs}: digits and capital letters drawn from the project's own
 * stroke descriptions. This package turns a seed into labelled images and the images into IDX
 * files; the committed resources are its output. Pure Java arithmetic, so the bytes are the same on
 * every machine. Imports {@code dev.compress.models.random} and the JDK; no fonts, no AWT, no
 * training library.
 */
@NullMarked
package dev.compress.models.sample;

import org.jspecify.annotations.NullMarked;
