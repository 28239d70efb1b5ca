package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import java.util.stream.LongStream;

/** Reductions; axes are an attribute in older operator sets and an input in newer ones. */
final class ReductionOperators {
  private ReductionOperators() {}

  static void register(OperatorRegistry registry) {
    add(registry, "ReduceSum", Reductions::sum);
    add(registry, "ReduceMean", Reductions::mean);
    add(registry, "ReduceMax", Reductions::max);
    add(registry, "ReduceMin", Reductions::min);
    add(registry, "ReduceProd", Reductions::product);
    add(registry, "ReduceL1", (x, axes, keep) -> Reductions.sum(x.abs(), axes, keep));
    add(registry, "ReduceL2", (x, axes, keep) -> Reductions.sum(x.mul(x), axes, keep).sqrt());
    add(registry, "ReduceSumSquare", (x, axes, keep) -> Reductions.sum(x.mul(x), axes, keep));
    add(registry, "ReduceLogSum", (x, axes, keep) -> Reductions.sum(x, axes, keep).log());
    add(registry, "ReduceLogSumExp", ReductionOperators::logSumExp);
  }

  private interface Reduction {
    NDArray apply(NDArray x, long[] axes, boolean keep);
  }

  private static void add(OperatorRegistry registry, String opType, Reduction reduction) {
    registry.single(
        opType,
        node -> {
          long[] fixed = node.ints("axes").orElse(null);
          boolean keep = node.flag("keepdims", true);
          boolean emptyIsNone = node.flag("noop_with_empty_axes", false);
          return in -> {
            NDArray x = in.get(0);
            int rank = Dims.rank(x);
            long[] axes = fixed != null ? fixed : in.has(1) ? in.longs(1) : new long[0];
            if (axes.length == 0 && !emptyIsNone) {
              axes = LongStream.range(0, rank).toArray();
            }
            return reduction.apply(x, ShapeOperators.normalized(axes, rank), keep);
          };
        });
  }

  private static NDArray logSumExp(NDArray x, long[] axes, boolean keep) {
    NDArray top = Reductions.max(x, axes, true).stopGradient();
    NDArray sum = Reductions.sum(x.sub(top).exp(), axes, true).log().add(top);
    return keep ? sum : Reductions.withoutDims(sum, axes);
  }
}
