package dev.compress.onnx;

import dev.compress.graph.Initializer;
import org.jspecify.annotations.Nullable;

/** Where the elements of tensors are written. */
interface TensorPlacement {
  /** All tensors inside the model's file. */
  TensorPlacement INLINE = (tensor, isInitializer) -> null;

  /**
   * A place in an external file.
   *
   * @param location the file's name, relative to the model's folder
   * @param offset in bytes
   */
  record Place(String location, long offset) {}

  /**
   * The place of a tensor's elements.
   *
   * @param isInitializer whether it is a graph's initializer and no attribute's tensor
   * @return null for inside the model's file
   */
  @Nullable Place of(Initializer tensor, boolean isInitializer);
}
