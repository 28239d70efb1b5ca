/**
 * Storage: weights written in fewer bytes by standard operators that ONNX Runtime computes once, at
 * load, and the way back. The arithmetic (tensors in, bytes out) stands apart from the passes that
 * edit a graph. Imports what is below {@code pass} and {@code pass} itself, no other technique.
 */
@NullMarked
package dev.compress.pack;

import org.jspecify.annotations.NullMarked;
