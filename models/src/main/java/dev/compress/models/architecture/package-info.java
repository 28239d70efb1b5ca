/**
 * Reference architectures as graph builders: models of known shape with random weights by seed, for
 * benchmarks and tests, and the network of the embedded sample. Weights are generated where they
 * are read, so building a model of any size takes next to no memory. Imports the core's {@code
 * tensor} and {@code graph} and {@code dev.compress.models.random}.
 */
@NullMarked
package dev.compress.models.architecture;

import org.jspecify.annotations.NullMarked;
