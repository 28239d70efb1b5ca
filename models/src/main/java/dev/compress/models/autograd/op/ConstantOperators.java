package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/** Shapes as values, tensors made from shapes, and changes of type. */
final class ConstantOperators {
  private ConstantOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("Shape", ConstantOperators::shape);
    registry.single("Size", node -> in -> Scalars.owned(in.scope().create(in.get(0).size())));
    registry.single("ConstantOfShape", ConstantOperators::constantOfShape);
    registry.single("Range", node -> ConstantOperators::range);
    registry.single("EyeLike", ConstantOperators::eyeLike);
    registry.single("OneHot", ConstantOperators::oneHot);
    registry.single("Cast", ConstantOperators::cast);
    registry.single("CastLike", node -> in -> in.get(0).toType(in.get(1).getDataType(), false));
  }

  private static Operator.Single shape(NodeReader node) {
    int start = node.intOf("start", 0);
    boolean hasEnd = node.has("end");
    int end = node.intOf("end", 0);
    return in -> {
      long[] dims = Dims.of(in.get(0));
      int from = clamped(start, dims.length);
      int to = hasEnd ? clamped(end, dims.length) : dims.length;
      return Scalars.owned(in.scope().create(Arrays.copyOfRange(dims, from, Math.max(from, to))));
    };
  }

  private static int clamped(int axis, int rank) {
    return Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }

  private static Operator.Single constantOfShape(NodeReader node) {
    Optional<Tensor> value = node.tensor("value");
    ElementType type = value.map(Tensor::type).orElse(ElementType.FLOAT);
    DataType wanted = type(node, type);
    double number =
        value.map(t -> t.type().isFloatingPoint() ? number(t) : t.toLongs()[0]).orElse(0.0);
    return in ->
        Scalars.owned(in.scope().create(number))
            .toType(wanted, false)
            .reshape(Window.filled(in.longs(0).length, 1))
            .broadcast(new Shape(in.longs(0)));
  }

  private static double number(Tensor tensor) {
    return tensor.type().equals(ElementType.DOUBLE)
        ? java.nio.ByteBuffer.wrap(tensor.data().toByteArray())
            .order(java.nio.ByteOrder.LITTLE_ENDIAN)
            .getDouble()
        : tensor.toFloats()[0];
  }

  private static NDArray range(Arguments in) {
    double start = in.doubles(0)[0];
    double step = in.doubles(2)[0];
    int count = (int) Math.max(0, Math.ceil((in.doubles(1)[0] - start) / step));
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = start + i * step;
    }
    return Scalars.owned(in.scope().create(values)).toType(in.get(0).getDataType(), false);
  }

  private static Operator.Single eyeLike(NodeReader node) {
    int shift = node.intOf("k", 0);
    DataType type = node.has("dtype") ? type(node, ElementType.of(node.intOf("dtype", 1))) : null;
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      float[] values = new float[Math.toIntExact(dims[0] * dims[1])];
      for (int i = 0; i < dims[0]; i++) {
        if (i + shift >= 0 && i + shift < dims[1]) {
          values[Math.toIntExact(i * dims[1]) + i + shift] = 1;
        }
      }
      return Scalars.owned(in.scope().create(values, x.getShape()))
          .toType(type == null ? x.getDataType() : type, false);
    };
  }

  private static Operator.Single oneHot(NodeReader node) {
    int axis = node.intOf("axis", -1);
    return in -> {
      NDArray indices = in.get(0).toType(DataType.INT64, false);
      long depth = in.longs(1)[0];
      NDArray values = in.get(2);
      int rank = Dims.rank(indices) + 1;
      int at = Dims.axis(axis, rank);
      long[] dims = Window.filled(rank, 1);
      dims[at] = depth;
      NDArray classes = in.scope().arange(0, (int) depth).toType(DataType.INT64, false);
      NDArray positive =
          indices.add(Scalars.times(indices.lt(0).toType(DataType.INT64, false), (double) depth));
      NDArray hot = positive.expandDims(at).eq(classes.reshape(dims));
      return Torch.where(hot, Torch.slice(values, 0, 1, 2, 1), Torch.slice(values, 0, 0, 1, 1));
    };
  }

  private static Operator.Single cast(NodeReader node) {
    DataType type = type(node, ElementType.of(node.intOf("to", 0)));
    return in -> in.get(0).toType(type, false);
  }

  private static DataType type(NodeReader node, ElementType type) {
    Optional<DataType> found = ElementTypes.of(type);
    node.require(found.isPresent(), "values of type " + type + " are not known here");
    return found.orElseThrow();
  }
}
