/**
 * The ONNX model as immutable records, its index, its one editor and its validator. Imports {@code
 * tensor} and {@code error}.
 */
@NullMarked
package dev.compress.graph;

import org.jspecify.annotations.NullMarked;
