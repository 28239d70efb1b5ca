/**
 * Execution on CUDA and TensorRT, found by the core through {@link java.util.ServiceLoader}.
 * Imports the core; never {@code evaluation}, {@code models} or {@code cli}.
 */
@NullMarked
package dev.compress.gpu;

import org.jspecify.annotations.NullMarked;
