/**
 * Element types, shapes and read-only tensors over heap or file bytes. Imports only {@code error}.
 */
@NullMarked
package dev.compress.tensor;

import org.jspecify.annotations.NullMarked;
