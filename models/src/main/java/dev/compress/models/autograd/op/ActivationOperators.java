package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;

/** Activations, softmax among them. */
final class ActivationOperators {
  private static final double SELU_ALPHA = 1.6732632423543772;
  private static final double SELU_GAMMA = 1.0507009873554805;

  private ActivationOperators() {}

  static void register(OperatorRegistry registry) {
    registry.unary("Relu", Torch::relu);
    registry.unary("Sigmoid", Torch::sigmoid);
    registry.unary("Softplus", Torch::softplus);
    registry.unary("Softsign", x -> x.div(x.abs().add(1)));
    registry.unary("HardSwish", x -> x.mul(hardSigmoid(x, 1f / 6, 0.5f)));
    registry.unary("Mish", x -> x.mul(Torch.softplus(x).tanh()));
    registry.single(
        "LeakyRelu",
        node -> {
          float alpha = node.floatOf("alpha", 0.01f);
          return in -> Torch.leakyRelu(in.get(0), alpha);
        });
    registry.single(
        "HardSigmoid",
        node -> {
          float alpha = node.floatOf("alpha", 0.2f);
          float beta = node.floatOf("beta", 0.5f);
          return in -> hardSigmoid(in.get(0), alpha, beta);
        });
    registry.single(
        "Elu",
        node -> {
          float alpha = node.floatOf("alpha", 1);
          return in -> Torch.elu(in.get(0), alpha);
        });
    registry.single("Celu", ActivationOperators::celu);
    registry.single("Selu", ActivationOperators::selu);
    registry.single(
        "ThresholdedRelu",
        node -> {
          float alpha = node.floatOf("alpha", 1);
          return in -> {
            NDArray x = in.get(0);
            return x.mul(x.gt(alpha));
          };
        });
    registry.single(
        "Swish",
        node -> {
          float alpha = node.floatOf("alpha", 1);
          return in -> {
            NDArray x = in.get(0);
            return x.mul(Torch.sigmoid(alpha == 1 ? x : Scalars.times(x, alpha)));
          };
        });
    registry.single("Gelu", ActivationOperators::gelu);
    registry.binary("PRelu", (x, slope) -> Torch.relu(x).sub(Torch.relu(x.neg()).mul(slope)));
    registry.single("Clip", ActivationOperators::clip);
    registry.single("Softmax", node -> softmax(node, false));
    registry.single("LogSoftmax", node -> softmax(node, true));
    registry.single("Hardmax", ActivationOperators::hardmax);
  }

  static NDArray hardSigmoid(NDArray x, float alpha, float beta) {
    return Torch.clip(Scalars.times(x, alpha).add(beta), 0, 1);
  }

  private static Operator.Single celu(NodeReader node) {
    float alpha = node.floatOf("alpha", 1);
    return in -> Scalars.times(Torch.elu(Scalars.over(in.get(0), alpha), 1), alpha);
  }

  private static Operator.Single selu(NodeReader node) {
    float alpha = node.floatOf("alpha", (float) SELU_ALPHA);
    float gamma = node.floatOf("gamma", (float) SELU_GAMMA);
    return in -> Scalars.times(Torch.elu(in.get(0), alpha), gamma);
  }

  private static Operator.Single gelu(NodeReader node) {
    String approximate = node.text("approximate", "none");
    if (approximate.equals("none")) {
      return in -> in.get(0).getNDArrayInternal().gelu();
    }
    node.require(approximate.equals("tanh"), "approximate " + approximate + " is unknown");
    double inner = Math.sqrt(2 / Math.PI);
    return in -> {
      NDArray x = in.get(0);
      NDArray slope = Scalars.times(x.mul(x), 0.044715).add(1);
      NDArray cubic = Scalars.times(slope.mul(x), inner);
      return Scalars.times(x, 0.5).mul(cubic.tanh().add(1));
    };
  }

  private static Operator.Single clip(NodeReader node) {
    if (node.opset() < 11) {
      float min = node.floatOf("min", Float.NEGATIVE_INFINITY);
      float max = node.floatOf("max", Float.POSITIVE_INFINITY);
      return in -> Torch.clip(in.get(0), min, max);
    }
    return in -> {
      NDArray x = in.get(0);
      double min = in.has(1) ? in.doubles(1)[0] : Double.NEGATIVE_INFINITY;
      double max = in.has(2) ? in.doubles(2)[0] : Double.POSITIVE_INFINITY;
      if (x.getDataType().isFloating()) {
        return Torch.clip(x, Math.min(min, max), max);
      }
      NDArray result = in.has(1) ? x.maximum(in.get(1)) : x;
      return in.has(2) ? result.minimum(in.get(2)) : result;
    };
  }

  /**
   * Up to opset 12 all dims from the axis on are one; from 13 on the axis alone is meant, the last
   * by default.
   */
  private static Operator.Single softmax(NodeReader node, boolean log) {
    boolean flattens = node.opset() < 13;
    int axis = node.intOf("axis", flattens ? 1 : -1);
    return in -> {
      NDArray x = in.get(0);
      int rank = Dims.rank(x);
      int at = Dims.axis(axis, rank);
      if (!flattens || at == rank - 1) {
        return log ? x.logSoftmax(at) : x.softmax(at);
      }
      NDArray flat = x.reshape(Dims.product(Dims.of(x), 0, at), -1);
      return (log ? flat.logSoftmax(1) : flat.softmax(1)).reshape(x.getShape());
    };
  }

  private static Operator.Single hardmax(NodeReader node) {
    boolean flattens = node.opset() < 13;
    int axis = node.intOf("axis", flattens ? 1 : -1);
    return in -> {
      NDArray x = in.get(0);
      int at = Dims.axis(axis, Dims.rank(x));
      boolean flat = flattens && at < Dims.rank(x) - 1;
      NDArray rows = flat ? x.reshape(Dims.product(Dims.of(x), 0, at), -1) : x;
      int dim = flat ? 1 : at;
      NDArray moved = rows.swapAxes(dim, Dims.rank(rows) - 1);
      NDArray best = moved.argMax(Dims.rank(rows) - 1);
      NDArray hot =
          best.oneHot(Math.toIntExact(moved.getShape().getLastDimension()), x.getDataType());
      return hot.swapAxes(dim, Dims.rank(rows) - 1).reshape(x.getShape());
    };
  }
}
