package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** Elements by number. */
final class GatherOperators {
  private GatherOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("Gather", GatherOperators::gather);
    registry.single("GatherElements", GatherOperators::gatherElements);
    registry.single("GatherND", GatherOperators::gatherNd);
    registry.single("ScatterElements", GatherOperators::scatterElements);
    registry.single("ScatterND", GatherOperators::scatterNd);
  }

  private static Operator.Single gather(NodeReader node) {
    int axis = node.intOf("axis", 0);
    return in -> {
      NDArray x = in.get(0);
      int at = Dims.axis(axis, Dims.rank(x));
      if (in.constant(1) && in.longs(1).length == 1) {
        long index = in.longs(1)[0];
        long from = index < 0 ? index + Dims.of(x)[at] : index;
        NDArray part = Torch.slice(x, at, from, from + 1, 1);
        return Dims.rank(in.get(1)) == 0
            ? Reductions.withoutDims(part, new long[] {at})
            : part.reshape(withIndices(Dims.of(x), at, Dims.of(in.get(1))));
      }
      return along(x, at, indices(in, 1, Dims.of(x)[at]));
    };
  }

  /** Indices from 0: negative ones count from the end. */
  private static NDArray indices(Arguments in, int input, long size) {
    NDArray indices = in.get(input).toType(DataType.INT64, false);
    boolean positive =
        in.constant(input) && Arrays.stream(in.longs(input)).allMatch(index -> index >= 0);
    return positive ? indices : fromZero(indices, size);
  }

  private static NDArray fromZero(NDArray indices, long size) {
    return indices.add(Scalars.times(indices.lt(0).toType(DataType.INT64, false), (double) size));
  }

  private static long[] withIndices(long[] dims, int axis, long[] indices) {
    long[] result = new long[dims.length - 1 + indices.length];
    System.arraycopy(dims, 0, result, 0, axis);
    System.arraycopy(indices, 0, result, axis, indices.length);
    System.arraycopy(dims, axis + 1, result, axis + indices.length, dims.length - axis - 1);
    return result;
  }

  /** Slices of one axis by number, as rows of a matrix: that has a fast gradient. */
  static NDArray along(NDArray x, int axis, NDArray indices) {
    long[] dims = Dims.of(x);
    long[] shape = withIndices(dims, axis, Dims.of(indices));
    if (axis == 0) {
      return Torch.rows(x.reshape(dims[0], -1), indices).reshape(shape);
    }
    int[] toFront = new int[dims.length];
    toFront[0] = axis;
    for (int i = 1; i < dims.length; i++) {
      toFront[i] = i <= axis ? i - 1 : i;
    }
    NDArray front = x.transpose(toFront);
    NDArray picked = Torch.rows(front.reshape(dims[axis], -1), indices.reshape(-1));
    long[] frontDims = Dims.of(front);
    frontDims[0] = indices.size();
    int[] back = new int[dims.length];
    for (int i = 0; i < dims.length; i++) {
      back[toFront[i]] = i;
    }
    return picked.reshape(frontDims).transpose(back).reshape(shape);
  }

  private static Operator.Single gatherElements(NodeReader node) {
    int axis = node.intOf("axis", 0);
    return in -> {
      NDArray x = in.get(0);
      int at = Dims.axis(axis, Dims.rank(x));
      return Torch.pick(x, indices(in, 1, Dims.of(x)[at]), at);
    };
  }

  private static Operator.Single gatherNd(NodeReader node) {
    node.require(node.intOf("batch_dims", 0) == 0, "batch_dims other than 0 are not known here");
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      NDArray tuples = in.get(1).toType(DataType.INT64, false);
      long[] tupleDims = Dims.of(tuples);
      int depth = Math.toIntExact(tupleDims[tupleDims.length - 1]);
      NDArray rows = rowNumbers(tuples, dims, depth);
      long[] rest = Arrays.copyOfRange(dims, depth, dims.length);
      long[] lead = Arrays.copyOf(tupleDims, tupleDims.length - 1);
      long[] shape = Arrays.copyOf(lead, lead.length + rest.length);
      System.arraycopy(rest, 0, shape, lead.length, rest.length);
      NDArray matrix = x.reshape(Dims.product(dims, 0, depth), Dims.product(rest));
      return Torch.rows(matrix, rows.reshape(-1)).reshape(shape);
    };
  }

  /** Tuples of indices as one index over the first dims together. */
  private static NDArray rowNumbers(NDArray tuples, long[] dims, int depth) {
    int last = Dims.rank(tuples) - 1;
    NDArray rows = null;
    for (int i = 0; i < depth; i++) {
      NDArray index = fromZero(Torch.slice(tuples, last, i, i + 1L, 1), dims[i]);
      rows = rows == null ? index : Scalars.times(rows, (double) dims[i]).add(index);
    }
    if (rows == null) {
      throw new IllegalArgumentException("indices of no dims");
    }
    return Reductions.withoutDims(rows, new long[] {last});
  }

  private static Operator.Single scatterElements(NodeReader node) {
    node.require(node.text("reduction", "none").equals("none"), "its reduction is not known here");
    int axis = node.intOf("axis", 0);
    return in -> {
      NDArray x = in.get(0);
      int at = Dims.axis(axis, Dims.rank(x));
      return Torch.scatter(x, indices(in, 1, Dims.of(x)[at]), in.get(2), at);
    };
  }

  private static Operator.Single scatterNd(NodeReader node) {
    node.require(node.text("reduction", "none").equals("none"), "its reduction is not known here");
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      NDArray tuples = in.get(1).toType(DataType.INT64, false);
      long[] tupleDims = Dims.of(tuples);
      int depth = Math.toIntExact(tupleDims[tupleDims.length - 1]);
      long width = Dims.product(dims, depth, dims.length);
      NDArray rows = rowNumbers(tuples, dims, depth).reshape(-1, 1);
      NDArray matrix = x.reshape(Dims.product(dims, 0, depth), width);
      NDArray everywhere = rows.broadcast(new Shape(rows.size(), width));
      return Torch.scatter(matrix, everywhere, in.get(2).reshape(-1, width), 0)
          .reshape(x.getShape());
    };
  }
}
