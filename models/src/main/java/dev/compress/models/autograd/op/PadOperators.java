package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/** Pads of all modes. */
final class PadOperators {
  private PadOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("Pad", PadOperators::pad);
  }

  private static Operator.Single pad(NodeReader node) {
    String mode = node.text("mode", "constant");
    node.require(
        mode.equals("constant")
            || mode.equals("reflect")
            || mode.equals("edge")
            || mode.equals("wrap"),
        "mode " + mode + " is unknown");
    long[] fixed = node.opset() < 11 ? node.ints("pads").orElseThrow() : new long[0];
    float fixedValue = node.floatOf("value", 0);
    boolean attributes = node.opset() < 11;
    return in -> {
      NDArray x = in.get(0);
      long[] pads = attributes ? fixed : allAxes(in, Dims.rank(x));
      if (mode.equals("constant")) {
        double value = attributes ? fixedValue : in.has(2) ? in.doubles(2)[0] : 0;
        return Torch.pad(x, Window.lastDimFirst(pads), value);
      }
      int rank = pads.length / 2;
      for (int axis = 0; axis < rank; axis++) {
        x = around(x, axis, pads[axis], pads[rank + axis], mode);
      }
      return x;
    };
  }

  private static long[] allAxes(Arguments in, int rank) {
    long[] given = in.longs(1);
    if (!in.has(3)) {
      return given;
    }
    long[] axes = in.longs(3);
    long[] pads = new long[2 * rank];
    for (int i = 0; i < axes.length; i++) {
      int axis = Dims.axis(axes[i], rank);
      pads[axis] = given[i];
      pads[rank + axis] = given[axes.length + i];
    }
    return pads;
  }

  private static NDArray around(NDArray x, int axis, long before, long after, String mode) {
    if (before < 0 || after < 0) {
      long size = Dims.of(x)[axis];
      NDArray cut = Torch.slice(x, axis, Math.max(0, -before), size - Math.max(0, -after), 1);
      return around(cut, axis, Math.max(0, before), Math.max(0, after), mode);
    }
    if (before == 0 && after == 0) {
      return x;
    }
    long size = Dims.of(x)[axis];
    NDList parts = new NDList();
    if (before > 0) {
      parts.add(
          switch (mode) {
            case "reflect" -> Torch.flip(Torch.slice(x, axis, 1, before + 1, 1), axis);
            case "wrap" -> Torch.slice(x, axis, size - before, size, 1);
            default -> repeated(Torch.slice(x, axis, 0, 1, 1), axis, before);
          });
    }
    parts.add(x);
    if (after > 0) {
      parts.add(
          switch (mode) {
            case "reflect" -> Torch.flip(Torch.slice(x, axis, size - 1 - after, size - 1, 1), axis);
            case "wrap" -> Torch.slice(x, axis, 0, after, 1);
            default -> repeated(Torch.slice(x, axis, size - 1, size, 1), axis, after);
          });
    }
    NDList rest = new NDList(parts.subList(1, parts.size()));
    return parts.head().getNDArrayInternal().concat(rest, axis);
  }

  private static NDArray repeated(NDArray one, int axis, long times) {
    return one.broadcast(new Shape(SliceOperators.with(Dims.of(one), axis, times)));
  }
}
