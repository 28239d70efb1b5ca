package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Comparisons, logic and choices by them. */
final class ComparisonOperators {
  private ComparisonOperators() {}

  static void register(OperatorRegistry registry) {
    registry.binary("Equal", NDArray::eq);
    registry.binary("Greater", NDArray::gt);
    registry.binary("GreaterOrEqual", NDArray::gte);
    registry.binary("Less", NDArray::lt);
    registry.binary("LessOrEqual", NDArray::lte);
    registry.binary("And", NDArray::logicalAnd);
    registry.binary("Or", NDArray::logicalOr);
    registry.binary("Xor", NDArray::logicalXor);
    registry.unary("Not", NDArray::logicalNot);
    registry.unary("IsNaN", NDArray::isNaN);
    registry.single("IsInf", ComparisonOperators::isInfinite);
    registry.single("Where", node -> in -> Torch.where(in.get(0), in.get(1), in.get(2)));
    registry.single("ArgMax", node -> best(node, NDArray::argMax));
    registry.single("ArgMin", node -> best(node, NDArray::argMin));
  }

  private static Operator.Single isInfinite(NodeReader node) {
    boolean negative = node.flag("detect_negative", true);
    boolean positive = node.flag("detect_positive", true);
    return in -> {
      NDArray x = in.get(0);
      NDArray infinite = x.isInfinite();
      if (negative && positive) {
        return infinite;
      }
      return infinite.logicalAnd(negative ? x.lt(0) : positive ? x.gt(0) : x.neq(x));
    };
  }

  private interface Best {
    NDArray of(NDArray x, int axis);
  }

  private static Operator.Single best(NodeReader node, Best best) {
    int axis = node.intOf("axis", 0);
    boolean keep = node.flag("keepdims", true);
    boolean last = node.flag("select_last_index", false);
    return in -> {
      NDArray x = in.get(0);
      int at = Dims.axis(axis, Dims.rank(x));
      NDArray index = best.of(last ? Torch.flip(x, at) : x, at).toType(DataType.INT64, false);
      NDArray result = last ? index.neg().add(Dims.of(x)[at] - 1) : index;
      return keep ? result.expandDims(at) : result;
    };
  }
}
