/**
 * What each ONNX operator does to {@code NDArray}s so that gradients flow through it: one small
 * method an operator, in families, found through {@link
 * dev.compress.models.autograd.op.OperatorRegistry}. An operator's attributes are read once, when
 * the graph is made ready, without the native engine; that is also where what cannot be trained is
 * refused. Imports the core's {@code graph} and {@code tensor} and Deep Java Library; only {@code
 * dev.compress.models.autograd} imports it.
 */
@NullMarked
package dev.compress.models.autograd.op;

import org.jspecify.annotations.NullMarked;
