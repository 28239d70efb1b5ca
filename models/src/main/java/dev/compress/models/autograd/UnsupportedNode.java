package dev.compress.models.autograd;

/**
 * A node that gradients cannot flow through here.
 *
 * @param node its name, or its type and first output
 * @param opType its operator
 * @param reason why
 */
public record UnsupportedNode(String node, String opType, String reason) {
  @Override
  public String toString() {
    return node + " (" + opType + "): " + reason;
  }
}
