package dev.compress.quantize;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.Optional;

/**
 * The Add that gives a MatMul its bias.
 *
 * @param add the node
 * @param inputIndex which of its inputs is the bias
 * @param bias the constant, one value a column
 */
record BiasAdd(Node add, int inputIndex, Tensor bias) {
  /** The only reader of a MatMul, if it adds one constant a column. */
  static Optional<BiasAdd> after(Node matMul, long columns, GraphIndex index) {
    Optional<Node> add = index.onlyConsumer(matMul.output(0)).filter(n -> n.is("Add"));
    if (add.isEmpty()) {
      return Optional.empty();
    }
    int other = add.get().input(0).equals(matMul.output(0)) ? 1 : 0;
    return index
        .constant(add.get().input(other))
        .filter(t -> t.type().equals(ElementType.FLOAT))
        .filter(t -> t.shape().rank() >= 1 && t.elementCount() == columns)
        .filter(t -> t.shape().dim(-1) == columns)
        .map(t -> new BiasAdd(add.get(), other, t));
  }

  /** The name of the bias. */
  String name() {
    return add.input(inputIndex);
  }
}
