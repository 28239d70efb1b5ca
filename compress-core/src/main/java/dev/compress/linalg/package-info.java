/**
 * Linear algebra for layers: second moments of what they read, factorisations of symmetric
 * matrices, and the least squares that pruning, low rank and rounding ask for. Arrays in, arrays
 * out; knows no tensor and no graph. Imports {@code parallel} only.
 */
@NullMarked
package dev.compress.linalg;

import org.jspecify.annotations.NullMarked;
