/**
 * An ONNX graph that can be trained: executed operator by operator on arrays of Deep Java Library,
 * whose autograd records it, with the model's weights as parameters, and written back into the same
 * graph. {@code TrainableGraph} is the door; what each operator does is in {@code
 * dev.compress.models.autograd.op}. Imports that, the core's {@code graph}, {@code tensor} and
 * {@code error}, and Deep Java Library; only {@code dev.compress.models.training} imports it.
 */
@NullMarked
package dev.compress.models.autograd;

import org.jspecify.annotations.NullMarked;
