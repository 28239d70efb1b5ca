package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;

/** Element by element, with broadcasting. */
final class ArithmeticOperators {
  private ArithmeticOperators() {}

  static void register(OperatorRegistry registry) {
    registry.binary("Add", NDArray::add);
    registry.binary("Sub", NDArray::sub);
    registry.binary("Mul", NDArray::mul);
    registry.binary("Div", ArithmeticOperators::divide);
    registry.single("Pow", node -> ArithmeticOperators::power);
    registry.single("Mod", ArithmeticOperators::modulo);
    registry.single("Sum", node -> in -> fold(in, NDArray::add));
    registry.single("Mean", node -> in -> Scalars.over(fold(in, NDArray::add), in.count()));
    registry.single("Min", node -> in -> fold(in, NDArrays::minimum));
    registry.single("Max", node -> in -> fold(in, NDArrays::maximum));
    registry.unary("Sqrt", NDArray::sqrt);
    registry.unary("Exp", NDArray::exp);
    registry.unary("Log", NDArray::log);
    registry.unary("Neg", NDArray::neg);
    registry.unary("Abs", NDArray::abs);
    registry.unary("Reciprocal", x -> Scalars.power(x, -1));
    registry.unary("Sign", NDArray::sign);
    registry.unary("Floor", NDArray::floor);
    registry.unary("Ceil", NDArray::ceil);
    registry.unary("Round", NDArray::round);
    registry.unary("Sin", NDArray::sin);
    registry.unary("Cos", NDArray::cos);
    registry.unary("Tan", NDArray::tan);
    registry.unary("Asin", NDArray::asin);
    registry.unary("Acos", NDArray::acos);
    registry.unary("Atan", NDArray::atan);
    registry.unary("Sinh", NDArray::sinh);
    registry.unary("Cosh", NDArray::cosh);
    registry.unary("Tanh", NDArray::tanh);
    registry.unary("Erf", NDArray::erf);
  }

  private static NDArray fold(Arguments in, Operator.Binary operator) {
    NDArray result = in.get(0);
    for (int i = 1; i < in.count(); i++) {
      result = operator.apply(result, in.get(i));
    }
    return result;
  }

  /** Integers are divided towards zero, as ONNX Runtime does it. */
  private static NDArray divide(NDArray x, NDArray y) {
    if (x.getDataType().isFloating()) {
      return x.div(y);
    }
    DataType type = x.getDataType();
    return x.toType(DataType.FLOAT64, false)
        .div(y.toType(DataType.FLOAT64, false))
        .trunc()
        .toType(type, false);
  }

  private static NDArray power(Arguments in) {
    NDArray x = in.get(0);
    if (in.constant(1) && x.getDataType().isFloating()) {
      double[] exponent = in.doubles(1);
      if (exponent.length == 1 && exponent[0] == 2) {
        return x.mul(x);
      }
      if (exponent.length == 1 && exponent[0] == 0.5) {
        return x.sqrt();
      }
    }
    return x.pow(in.get(1)).toType(x.getDataType(), false);
  }

  private static Operator.Single modulo(NodeReader node) {
    if (!node.flag("fmod", false)) {
      return in -> in.get(0).mod(in.get(1));
    }
    return in -> {
      NDArray x = in.get(0);
      NDArray y = in.get(1);
      return x.sub(divide(x, y).trunc().mul(y));
    };
  }
}
