package dev.compress.runtime;

import java.io.Serializable;

/**
 * A kernel that the runtime executed.
 *
 * @param op the operator of the optimized graph, such as "QLinearConv"
 * @param node the label of the model's node that it computes ({@link
 *     dev.compress.graph.Node#label()}); "" for what the runtime added, and where it cannot be told
 * @param modelOp the model's operator, such as "Conv" for a QLinearConv
 * @param arithmetic what it computes in
 * @param macs the multiply-accumulate operations of {@code node} if it multiplies, else 0
 * @param elements elements of its first output
 * @param nanos time spent in it, profiling included
 * @param provider the execution provider that it is of, such as {@link ExecutionProvider#CPU}
 */
public record Kernel(
    String op,
    String node,
    String modelOp,
    Arithmetic arithmetic,
    long macs,
    long elements,
    long nanos,
    String provider)
    implements Serializable {
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

  /** Whether it moves a value between the processor's memory and a device's. */
  public boolean isDeviceCopy() {
    return op.equals("MemcpyToHost") || op.equals("MemcpyFromHost");
  }
}
