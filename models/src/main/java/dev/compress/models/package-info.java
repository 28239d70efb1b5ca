/**
 * Reference architectures as graph builders, the embedded sample and the catalogue. Imports the
 * core only. Deep Java Library is imported by {@code dev.compress.models.training} alone, so that
 * this package works where the training libraries are absent.
 */
@NullMarked
package dev.compress.models;

import org.jspecify.annotations.NullMarked;
