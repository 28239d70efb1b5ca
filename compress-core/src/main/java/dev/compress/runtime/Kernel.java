package dev.compress.runtime;

import dev.compress.graph.Node;
import java.util.Optional;

/**
 * A kernel that the runtime executed.
 *
 * @param op the operator of the optimized graph, such as "QLinearConv"
 * @param node the model's node that it comes from, its instance in the model; empty for what the
 *     runtime added, and where it cannot be told
 * @param arithmetic what it computes in
 * @param macs the multiply-accumulate operations of {@code node} if it multiplies, else 0
 * @param elements elements of its first output
 * @param nanos time spent in it, profiling included
 */
public record Kernel(
    String op, Optional<Node> node, Arithmetic arithmetic, long macs, long elements, long nanos) {
  /** What a kernel computes in. */
  public enum Arithmetic {
    /** In integers of 8 bits or less, or on values of such, be it only to move them. */
    INTEGER,
    /** In floating point. */
    FLOAT,
    /** Between the two: QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, Cast. */
    CONVERSION,
    /** On shapes, indices, booleans and the like. */
    OTHER
  }

  /** The model's operator that this kernel stands for, such as "Conv" for a QLinearConv. */
  public String modelOp() {
    return node.map(Node::opType).orElseGet(() -> Kernels.plainOp(op));
  }

  /** What to call it in a message. */
  public String label() {
    return node.map(Node::label).orElse(op);
  }
}
