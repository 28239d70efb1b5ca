package dev.compress.graph;

import java.util.List;

/**
 * A model-local function. Its body is kept both as nodes, to be looked at, and in wire form, which
 * is what is written: passes do not change functions.
 *
 * @param domain its domain
 * @param name its name, the op type of its calls
 * @param overload mostly empty
 * @param nodes its body
 * @param opsets the operator sets that its body uses
 * @param wire the whole message in wire form
 */
public record Function(
    String domain,
    String name,
    String overload,
    List<Node> nodes,
    List<OpsetImport> opsets,
    Extras wire) {
  public Function {
    nodes = List.copyOf(nodes);
    opsets = List.copyOf(opsets);
  }
}
