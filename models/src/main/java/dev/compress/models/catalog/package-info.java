/**
 * Public models and datasets by name: where they are, what they must hash to and under which
 * licence, and how to get them. Nothing of it is part of this project. Imports {@code
 * dev.compress.error}, {@code progress} and {@code tensor} of the core.
 */
@NullMarked
package dev.compress.models.catalog;

import org.jspecify.annotations.NullMarked;
