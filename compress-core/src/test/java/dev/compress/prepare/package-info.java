/** Tests of the preparing passes against ONNX Runtime. */
@NullMarked
package dev.compress.prepare;

import org.jspecify.annotations.NullMarked;
