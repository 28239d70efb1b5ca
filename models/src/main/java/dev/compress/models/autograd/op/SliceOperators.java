package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.stream.LongStream;

/** Parts of arrays and arrays of parts. */
final class SliceOperators {
  private SliceOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("Slice", SliceOperators::slice);
    registry.add("Split", SliceOperators::split);
    registry.single("Expand", node -> SliceOperators::expand);
    registry.single("Tile", node -> in -> in.get(0).tile(in.longs(1)));
    registry.single("Trilu", SliceOperators::triangle);
    registry.single("CumSum", SliceOperators::cumulativeSum);
    registry.add("TopK", SliceOperators::topK);
    registry.single("DepthToSpace", SliceOperators::depthToSpace);
    registry.single("SpaceToDepth", SliceOperators::spaceToDepth);
  }

  private static Operator.Single slice(NodeReader node) {
    if (node.opset() < 10) {
      long[] starts = node.ints("starts").orElseThrow();
      long[] ends = node.ints("ends").orElseThrow();
      long[] axes = node.ints("axes").orElseGet(() -> LongStream.range(0, starts.length).toArray());
      long[] steps = Window.filled(starts.length, 1);
      return in -> {
        NDArray x = in.get(0);
        for (int i = 0; i < starts.length; i++) {
          x = along(x, Dims.axis(axes[i], Dims.rank(x)), starts[i], ends[i], steps[i]);
        }
        return x;
      };
    }
    return in -> {
      NDArray x = in.get(0);
      long[] starts = in.longs(1);
      long[] ends = in.longs(2);
      for (int i = 0; i < starts.length; i++) {
        int axis = in.has(3) ? Dims.axis(in.longs(3)[i], Dims.rank(x)) : i;
        x = along(x, axis, starts[i], ends[i], in.has(4) ? in.longs(4)[i] : 1);
      }
      return x;
    };
  }

  private static NDArray along(NDArray x, int axis, long start, long end, long step) {
    long size = Dims.of(x)[axis];
    long from = start < 0 ? Math.max(start, -size) + size : start;
    long to = end < 0 ? Math.max(end, -size - 1) + size : end;
    if (step > 0) {
      from = Math.min(from, size);
      to = Math.min(Math.max(to, from), size);
      return from == 0 && to == size && step == 1 ? x : Torch.slice(x, axis, from, to, step);
    }
    // an end of -size - 1 has become -1: down to the first element
    long first = size - 1 - Math.min(from, size - 1);
    long past = Math.max(first, size - 1 - Math.min(to, size - 1));
    long back = step == Long.MIN_VALUE ? Long.MAX_VALUE : -step;
    return Torch.slice(Torch.flip(x, axis), axis, first, past, Math.min(back, size + 1));
  }

  private static Operator split(NodeReader node) {
    int axis = node.intOf("axis", 0);
    int parts = node.outputs();
    return in -> {
      NDArray x = in.get(0);
      int at = Dims.axis(axis, Dims.rank(x));
      long size = Dims.of(x)[at];
      long each = (size + parts - 1) / parts;
      long[] sizes =
          in.has(1) ? in.longs(1) : node.ints("split").orElseGet(() -> Window.filled(parts, each));
      NDList result = new NDList();
      long from = 0;
      for (long part : sizes) {
        long to = Math.min(from + part, size);
        result.add(Torch.slice(x, at, from, to, 1));
        from = to;
      }
      return result;
    };
  }

  private static NDArray expand(Arguments in) {
    NDArray x = in.get(0);
    return x.broadcast(new Shape(Dims.broadcast(Dims.of(x), in.longs(1))));
  }

  private static Operator.Single triangle(NodeReader node) {
    boolean upper = node.flag("upper", true);
    return in -> {
      NDArray x = in.get(0);
      long shift = in.has(1) ? in.longs(1)[0] : 0;
      long[] dims = Dims.of(x);
      int rows = Math.toIntExact(dims[dims.length - 2]);
      int columns = Math.toIntExact(dims[dims.length - 1]);
      boolean[] kept = new boolean[rows * columns];
      for (int i = 0; i < kept.length; i++) {
        long distance = i % columns - i / columns - shift;
        kept[i] = upper ? distance >= 0 : distance <= 0;
      }
      NDArray mask = Scalars.owned(in.scope().create(kept, new Shape(rows, columns)));
      return Torch.where(mask, x, in.scope().zeros(new Shape(1), x.getDataType()));
    };
  }

  private static Operator.Single cumulativeSum(NodeReader node) {
    boolean exclusive = node.flag("exclusive", false);
    boolean reverse = node.flag("reverse", false);
    return in -> {
      NDArray x = in.get(0);
      int axis = Dims.axis(in.longs(1)[0], Dims.rank(x));
      NDArray sum = Torch.cumulativeSum(reverse ? Torch.flip(x, axis) : x, axis);
      NDArray ordered = reverse ? Torch.flip(sum, axis) : sum;
      NDArray result = exclusive ? ordered.sub(x) : ordered;
      return result.toType(x.getDataType(), false);
    };
  }

  private static Operator topK(NodeReader node) {
    int axis = node.intOf("axis", -1);
    boolean largest = node.flag("largest", true);
    int fixed = node.intOf("k", 0);
    return in -> {
      NDArray x = in.get(0);
      int count = node.opset() < 10 ? fixed : Math.toIntExact(in.longs(1)[0]);
      NDList best = x.topK(count, Dims.axis(axis, Dims.rank(x)), largest, true);
      return new NDList(best.get(0), best.get(1).toType(DataType.INT64, false));
    };
  }

  private static Operator.Single depthToSpace(NodeReader node) {
    int block = node.intOf("blocksize", 1);
    boolean columns = node.text("mode", "DCR").equals("CRD");
    return in -> {
      NDArray x = in.get(0);
      long[] d = Dims.of(x);
      long depth = d[1] / ((long) block * block);
      NDArray apart =
          columns
              ? x.reshape(d[0], depth, block, block, d[2], d[3]).transpose(0, 1, 4, 2, 5, 3)
              : x.reshape(d[0], block, block, depth, d[2], d[3]).transpose(0, 3, 4, 1, 5, 2);
      return apart.reshape(d[0], depth, d[2] * block, d[3] * block);
    };
  }

  private static Operator.Single spaceToDepth(NodeReader node) {
    int block = node.intOf("blocksize", 1);
    return in -> {
      NDArray x = in.get(0);
      long[] d = Dims.of(x);
      return x.reshape(d[0], d[1], d[2] / block, block, d[3] / block, block)
          .transpose(0, 3, 5, 1, 2, 4)
          .reshape(d[0], d[1] * block * block, d[2] / block, d[3] / block);
    };
  }

  /** A copy of an array's dims with one changed. */
  static long[] with(long[] dims, int axis, long size) {
    long[] result = Arrays.copyOf(dims, dims.length);
    result[axis] = size;
    return result;
  }
}
