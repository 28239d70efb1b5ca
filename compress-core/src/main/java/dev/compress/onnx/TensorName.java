package dev.compress.onnx;

/**
 * What to call a tensor in a message. Its text is only made where a message is.
 *
 * @param name its name, or empty
 * @param owner what it belongs to: a node, or a kind of constant
 * @param attribute the node's attribute, or empty
 */
record TensorName(String name, String owner, String attribute) {
  @Override
  public String toString() {
    if (!name.isEmpty()) {
      return "Tensor " + name;
    }
    return attribute.isEmpty()
        ? "The tensor of " + owner
        : "The tensor of attribute " + attribute + " of node " + owner;
  }
}
