package dev.compress.models.autograd;

import dev.compress.graph.Attribute;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BasicOperatorsTest {
  @ParameterizedTest
  @MethodSource
  void arithmetic(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> arithmetic() {
    return Stream.of(
        OpCase.of("Add", 7, "").x(2, 3, 4).x(2, 3, 4),
        OpCase.of("Add", 14, "broadcast both").x(2, 1, 4).x(3, 1),
        OpCase.of("Sub", 13, "broadcast").x(2, 3).x(3),
        OpCase.of("Mul", 13, "broadcast up").x(3).x(2, 3),
        OpCase.of("Div", 13, "").x(2, 3).x(v -> 2 + Math.abs(v), 2, 3),
        OpCase.of("Pow", 13, "").x(v -> 0.5 + Math.abs(v), 2, 3).x(3),
        OpCase.of("Pow", 13, "square").x(2, 3).scalar(2),
        OpCase.of("Pow", 13, "root").x(v -> 0.5 + Math.abs(v), 2, 3).scalar(0.5),
        OpCase.of("Pow", 13, "cube").x(2, 3).scalar(3),
        OpCase.of("Mod", 13, "fmod").x(2, 3).x(v -> 2 + Math.abs(v), 2, 3).with("fmod", 1).flat(),
        OpCase.of("Sum", 8, "").x(2, 3).x(3).x(2, 1),
        OpCase.of("Mean", 8, "").x(2, 3).x(3).x(2, 1),
        OpCase.of("Min", 8, "").x(2, 3).x(3).x(2, 1),
        OpCase.of("Max", 13, "").x(2, 3).x(3).x(2, 1),
        OpCase.of("Max", 13, "one").x(2, 3),
        OpCase.of("Sqrt", 13, "").x(v -> 0.5 + Math.abs(v), 2, 3),
        OpCase.of("Exp", 13, "").x(2, 3),
        OpCase.of("Log", 13, "").x(v -> 0.5 + Math.abs(v), 2, 3),
        OpCase.of("Neg", 13, "").x(2, 3),
        OpCase.of("Abs", 13, "").x(2, 3),
        OpCase.of("Reciprocal", 13, "").x(v -> 2 + Math.abs(v), 2, 3),
        OpCase.of("Sign", 13, "").x(2, 3),
        OpCase.of("Floor", 13, "").x(2, 3),
        OpCase.of("Ceil", 13, "").x(2, 3),
        OpCase.of("Round", 11, "").x(v -> 3 * v, 2, 3),
        OpCase.of("Sin", 7, "").x(2, 3),
        OpCase.of("Cos", 7, "").x(2, 3),
        OpCase.of("Tan", 7, "").x(v -> Math.tanh(v), 2, 3),
        OpCase.of("Asin", 7, "").x(v -> 0.9 * Math.tanh(v), 2, 3),
        OpCase.of("Acos", 7, "").x(v -> 0.9 * Math.tanh(v), 2, 3),
        OpCase.of("Atan", 7, "").x(2, 3),
        OpCase.of("Sinh", 9, "").x(2, 3),
        OpCase.of("Cosh", 9, "").x(2, 3),
        OpCase.of("Tanh", 13, "").x(2, 3),
        OpCase.of("Erf", 13, "").x(2, 3));
  }

  @ParameterizedTest
  @MethodSource
  void activations(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> activations() {
    return Stream.of(
        OpCase.of("Relu", 7, "").x(3, 4),
        OpCase.of("Sigmoid", 13, "").x(3, 4),
        OpCase.of("Softplus", 7, "").x(3, 4),
        OpCase.of("Softsign", 7, "").x(3, 4),
        OpCase.of("HardSwish", 14, "").x(v -> 3 * v, 3, 4),
        OpCase.of("HardSigmoid", 7, "").x(v -> 3 * v, 3, 4),
        OpCase.of("HardSigmoid", 7, "attributes")
            .x(v -> 3 * v, 3, 4)
            .with("alpha", 0.3f)
            .with("beta", 0.4f),
        OpCase.of("Mish", 18, "").x(3, 4),
        OpCase.of("Swish", 24, "").x(3, 4).with("alpha", 1.5f),
        OpCase.of("LeakyRelu", 7, "").x(3, 4),
        OpCase.of("LeakyRelu", 16, "alpha").x(3, 4).with("alpha", 0.3f),
        OpCase.of("Elu", 7, "").x(3, 4).with("alpha", 0.7f),
        OpCase.of("Celu", 12, "").x(3, 4).with("alpha", 0.7f),
        OpCase.of("Selu", 7, "").x(3, 4),
        OpCase.of("ThresholdedRelu", 10, "").x(3, 4).with("alpha", 0.6f),
        OpCase.of("Gelu", 20, "").x(3, 4),
        OpCase.of("Gelu", 20, "tanh").x(3, 4).with("approximate", "tanh"),
        OpCase.of("PRelu", 9, "channels").x(2, 3, 4).x(3, 1),
        OpCase.of("PRelu", 7, "one").x(2, 3).x(1),
        OpCase.of("Clip", 7, "attributes").x(3, 4).with("min", -0.5f).with("max", 0.8f),
        OpCase.of("Clip", 7, "nothing").x(3, 4),
        OpCase.of("Clip", 13, "inputs").x(3, 4).scalar(-0.5).scalar(0.8),
        OpCase.of("Clip", 13, "max only").x(3, 4).none().scalar(0.1),
        OpCase.of("Softmax", 7, "opset 7").x(2, 3, 4),
        OpCase.of("Softmax", 11, "axis 2").x(2, 3, 4).with("axis", 2),
        OpCase.of("Softmax", 11, "axis 0").x(2, 3, 4).with("axis", 0),
        OpCase.of("Softmax", 13, "").x(2, 3, 4),
        OpCase.of("Softmax", 13, "axis 1").x(2, 3, 4).with("axis", 1),
        OpCase.of("LogSoftmax", 11, "").x(2, 3, 4),
        OpCase.of("LogSoftmax", 13, "axis 1").x(2, 3, 4).with("axis", 1),
        OpCase.of("Hardmax", 13, "axis 1").x(2, 3, 4).with("axis", 1).flat(),
        OpCase.of("Hardmax", 11, "opset 11").x(2, 3, 4).flat());
  }

  @ParameterizedTest
  @MethodSource
  void matrices(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> matrices() {
    return Stream.of(
        OpCase.of("MatMul", 9, "").x(3, 4).x(4, 2),
        OpCase.of("MatMul", 13, "batched").x(2, 3, 4).x(2, 4, 2),
        OpCase.of("MatMul", 13, "broadcast").x(2, 1, 3, 4).x(5, 4, 2),
        OpCase.of("MatMul", 13, "weights").x(2, 3, 4).x(4, 2),
        OpCase.of("MatMul", 13, "vector").x(2, 3, 4).x(4),
        OpCase.of("MatMul", 13, "vectors").x(4).x(4),
        einsum("bhid,bhjd->bhij").x(2, 2, 3, 4).x(2, 2, 5, 4),
        einsum("ij,jk").x(2, 3).x(3, 4),
        einsum("i,j->ji").x(2).x(3),
        einsum("bij->bj").x(2, 3, 4),
        einsum("bij,bjk,k->ib").x(2, 3, 4).x(2, 4, 3).x(3),
        einsum("bij,kl->b").x(2, 3, 2).x(2, 3),
        OpCase.of("Gemm", 7, "").x(3, 4).x(4, 2).x(2),
        OpCase.of("Gemm", 11, "transB").x(3, 4).x(2, 4).x(2).with("transB", 1),
        OpCase.of("Gemm", 13, "no bias").x(3, 4).x(4, 2),
        OpCase.of("Gemm", 13, "all")
            .x(4, 3)
            .x(2, 4)
            .x(3, 1)
            .with("transA", 1)
            .with("transB", 1)
            .with("alpha", 0.5f)
            .with("beta", 2f),
        OpCase.of("Gemm", 13, "scalar bias").x(3, 4).x(4, 2).x(1));
  }

  private static OpCase einsum(String equation) {
    return OpCase.of("Einsum", 12, equation).with("equation", equation);
  }

  @ParameterizedTest
  @MethodSource
  void normalizations(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> normalizations() {
    return Stream.of(
        norm("BatchNormalization", 7, "2-D")
            .x(2, 3, 4, 2)
            .x(3)
            .x(3)
            .constant(MEAN)
            .constant(VARIANCE),
        norm("BatchNormalization", 15, "flat").x(4, 3).x(3).x(3).constant(MEAN).constant(VARIANCE),
        norm("BatchNormalization", 9, "1-D").x(2, 3, 5).x(3).x(3).constant(MEAN).constant(VARIANCE),
        norm("InstanceNormalization", 7, "2-D").x(2, 3, 4, 2).x(3).x(3),
        norm("InstanceNormalization", 22, "1-D").x(2, 3, 5).x(3).x(3),
        norm("LayerNormalization", 17, "").x(2, 3, 4).x(4).x(4),
        norm("LayerNormalization", 17, "axis 1").x(2, 3, 4).x(3, 4).x(3, 4).with("axis", 1),
        norm("LayerNormalization", 17, "no bias").x(2, 3, 4).x(4),
        norm("GroupNormalization", 18, "scale a group").x(2, 4, 3).x(2).x(2).with("num_groups", 2),
        norm("GroupNormalization", 21, "scale a channel")
            .x(2, 4, 3, 2)
            .x(4)
            .x(4)
            .with("num_groups", 2),
        norm("RMSNormalization", 23, "").x(2, 3, 4).x(4),
        OpCase.of("LpNormalization", 7, "").x(2, 3, 4).with("axis", 1),
        OpCase.of("LpNormalization", 7, "p 1").x(2, 3, 4).with("p", 1),
        OpCase.of("MeanVarianceNormalization", 9, "").x(2, 3, 4, 2),
        OpCase.of("LRN", 7, "").x(2, 5, 3, 2).with("size", 3).with("alpha", 0.3f),
        OpCase.of("Dropout", 7, "").x(2, 3).with("ratio", 0.4f),
        OpCase.of("Dropout", 13, "").x(2, 3),
        norm("LayerNormalization", 17, "scale of one").x(2, 3, 4).x(1).x(4));
  }

  private static final Tensor MEAN = Tensor.ofFloats(Shape.of(3), 0.3f, -0.2f, 1.1f);
  private static final Tensor VARIANCE = Tensor.ofFloats(Shape.of(3), 0.5f, 2f, 1.3f);

  private static OpCase norm(String op, long opset, String note) {
    return OpCase.of(op, opset, note).with("epsilon", 1e-3f);
  }

  @ParameterizedTest
  @MethodSource
  void shapes(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> shapes() {
    return Stream.of(
        OpCase.of("Identity", 13, "").x(2, 3),
        OpCase.of("Reshape", 7, "zero and free").x(2, 3, 4).ints(0, -1),
        OpCase.of("Affine", 7, "").x(2, 3).with("alpha", 2f).with("beta", 0.5f),
        OpCase.of("ImageScaler", 7, "")
            .x(1, 2, 2, 3)
            .with("scale", 0.5f)
            .with(Attribute.ofFloats("bias", List.of(1f, -1f))),
        OpCase.of("Crop", 7, "").x(1, 2, 5, 6).with("border", new long[] {1, 0, 2, 1}),
        OpCase.of("Crop", 7, "scale")
            .x(1, 2, 5, 6)
            .with("border", new long[] {1, 0, 0, 0})
            .with("scale", new long[] {3, 2}),
        OpCase.of("Reshape", 14, "allowzero").x(0, 3).ints(3, 0).with("allowzero", 1).flat(),
        OpCase.of("Reshape", 14, "").x(2, 3, 4).ints(4, 6),
        OpCase.of("Flatten", 9, "").x(2, 3, 4),
        OpCase.of("Flatten", 11, "axis 0").x(2, 3, 4).with("axis", 0),
        OpCase.of("Flatten", 13, "axis -1").x(2, 3, 4).with("axis", -1),
        OpCase.of("Transpose", 7, "").x(2, 3, 4),
        OpCase.of("Transpose", 13, "perm").x(2, 3, 4).with("perm", new long[] {1, 2, 0}),
        OpCase.of("Squeeze", 11, "").x(2, 1, 3, 1),
        OpCase.of("Squeeze", 11, "axes").x(2, 1, 3, 1).with("axes", new long[] {-1}),
        OpCase.of("Squeeze", 13, "axes").x(2, 1, 3, 1).ints(1),
        OpCase.of("Unsqueeze", 7, "axes").x(2, 3).with("axes", new long[] {0, 3}),
        OpCase.of("Unsqueeze", 13, "axes").x(2, 3).ints(-1, 1),
        OpCase.of("Concat", 7, "").x(2, 3).x(2, 1).with("axis", 1),
        OpCase.of("Concat", 13, "last, three").x(2, 3).x(2, 1).x(2, 2).with("axis", -1),
        OpCase.of("Concat", 13, "one").x(2, 3).with("axis", 0));
  }
}
