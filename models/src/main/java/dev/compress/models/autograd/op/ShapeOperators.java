package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Arrays;

/** The same elements in other shapes. */
final class ShapeOperators {
  private ShapeOperators() {}

  static void register(OperatorRegistry registry) {
    registry.unary("Identity", x -> x);
    registry.single("Reshape", ShapeOperators::reshape);
    registry.single("Flatten", ShapeOperators::flatten);
    registry.single("Transpose", ShapeOperators::transpose);
    registry.single("Squeeze", ShapeOperators::squeeze);
    registry.single("Unsqueeze", ShapeOperators::unsqueeze);
    registry.single("Concat", ShapeOperators::concat);
  }

  private static Operator.Single reshape(NodeReader node) {
    boolean allowZero = node.flag("allowzero", false);
    return in -> {
      NDArray x = in.get(0);
      long[] wanted = in.longs(1).clone();
      long[] dims = Dims.of(x);
      int free = -1;
      long known = 1;
      for (int i = 0; i < wanted.length; i++) {
        if (wanted[i] == 0 && !allowZero) {
          wanted[i] = dims[i];
        }
        if (wanted[i] == -1) {
          free = i;
        } else {
          known *= wanted[i];
        }
      }
      if (free >= 0) {
        wanted[free] = known == 0 ? 0 : x.size() / known;
      }
      return x.reshape(wanted);
    };
  }

  private static Operator.Single flatten(NodeReader node) {
    int axis = node.intOf("axis", 1);
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      int at = Dims.axis(axis, dims.length);
      return x.reshape(Dims.product(dims, 0, at), Dims.product(dims, at, dims.length));
    };
  }

  private static Operator.Single transpose(NodeReader node) {
    int[] perm = node.ints("perm").map(Dims::ints).orElse(null);
    return in -> perm == null ? in.get(0).transpose() : in.get(0).transpose(perm);
  }

  private static Operator.Single squeeze(NodeReader node) {
    long[] fixed = node.ints("axes").orElse(null);
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      long[] axes = fixed != null ? fixed : in.has(1) ? in.longs(1) : null;
      if (axes == null) {
        return x.reshape(Arrays.stream(dims).filter(dim -> dim != 1).toArray());
      }
      return Reductions.withoutDims(x, normalized(axes, dims.length));
    };
  }

  private static Operator.Single unsqueeze(NodeReader node) {
    long[] fixed = node.ints("axes").orElse(null);
    return in -> {
      NDArray x = in.get(0);
      long[] axes = fixed != null ? fixed : in.longs(1);
      long[] dims = Dims.of(x);
      int rank = dims.length + axes.length;
      long[] sorted = normalized(axes, rank);
      Arrays.sort(sorted);
      long[] result = new long[rank];
      int from = 0;
      for (int i = 0; i < rank; i++) {
        result[i] = Arrays.binarySearch(sorted, i) >= 0 ? 1 : dims[from++];
      }
      return x.reshape(result);
    };
  }

  static long[] normalized(long[] axes, int rank) {
    return Arrays.stream(axes).map(axis -> Dims.axis(axis, rank)).toArray();
  }

  private static Operator.Single concat(NodeReader node) {
    int axis = node.intOf("axis", 1);
    return in -> {
      NDList parts = new NDList();
      for (int i = 0; i < in.count(); i++) {
        parts.add(in.get(i));
      }
      NDArray first = parts.head();
      if (parts.size() == 1) {
        return first;
      }
      NDList rest = new NDList(parts.subList(1, parts.size()));
      return first.getNDArrayInternal().concat(rest, Dims.axis(axis, Dims.rank(first)));
    };
  }
}
