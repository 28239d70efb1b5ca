package dev.compress.models.autograd.op;

/** Makes a node of one operator type ready. */
@FunctionalInterface
public interface OperatorFactory {
  /**
   * Reads a node's attributes.
   *
   * @throws UnsupportedOperatorException if it cannot be trained through
   */
  Operator create(NodeReader node);
}
