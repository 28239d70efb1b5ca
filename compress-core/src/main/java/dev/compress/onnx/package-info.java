/**
 * Reads and writes ONNX files by our own protobuf wire codec: lossless, streaming, weights left in
 * the file. Own codec, because the generated one copies every weight onto the heap. Imports {@code
 * graph}, {@code tensor}, {@code progress} and {@code error}.
 */
@NullMarked
package dev.compress.onnx;

import org.jspecify.annotations.NullMarked;
