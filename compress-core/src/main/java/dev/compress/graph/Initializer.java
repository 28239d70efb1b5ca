package dev.compress.graph;

import dev.compress.tensor.Tensor;

/**
 * A named constant tensor: a graph's initializer or the tensor of an attribute.
 *
 * @param name its name; may be empty for an attribute's tensor
 * @param tensor its value
 * @param docString for people, mostly empty
 * @param extras further fields
 */
public record Initializer(String name, Tensor tensor, String docString, Extras extras) {
  /** A constant without more. */
  public static Initializer of(String name, Tensor tensor) {
    return new Initializer(name, tensor, "", Extras.NONE);
  }
}
