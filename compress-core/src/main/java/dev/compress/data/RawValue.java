package dev.compress.data;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.nio.ByteBuffer;

/**
 * A field's value for one sample. The bytes are little-endian and valid until the cursor reads on.
 */
record RawValue(ElementType type, Shape shape, ByteBuffer bytes) {}
