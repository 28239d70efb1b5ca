/**
 * Runs models in ONNX Runtime, and asks it what it knows: types and shapes, constant values, the
 * kernels that it really runs. The only package of the core that imports {@code ai.onnxruntime};
 * its exceptions stop here. Imports {@code error}, {@code progress}, {@code tensor}, {@code graph}
 * and {@code onnx}.
 */
@NullMarked
package dev.compress.runtime;

import org.jspecify.annotations.NullMarked;
