package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;

/** Matrix products. */
final class MatrixOperators {
  private MatrixOperators() {}

  static void register(OperatorRegistry registry) {
    registry.binary("MatMul", NDArray::matMul);
    registry.single("Gemm", MatrixOperators::gemm);
  }

  private static Operator.Single gemm(NodeReader node) {
    float alpha = node.floatOf("alpha", 1);
    float beta = node.floatOf("beta", 1);
    boolean transA = node.flag("transA", false);
    boolean transB = node.flag("transB", false);
    return in -> {
      NDArray a = transA ? in.get(0).transpose() : in.get(0);
      NDArray b = in.get(1);
      NDArray c = in.orNull(2);
      boolean vector = c == null || isVector(c, b.getShape().get(transB ? 0 : 1));
      if (alpha == 1 && beta == 1 && vector) {
        return Torch.linear(a, transB ? b : b.transpose(), c);
      }
      NDArray product = a.matMul(transB ? b.transpose() : b);
      NDArray scaled = alpha == 1 ? product : Scalars.times(product, alpha);
      return c == null ? scaled : scaled.add(beta == 1 ? c : Scalars.times(c, beta));
    };
  }

  private static boolean isVector(NDArray array, long size) {
    return Dims.rank(array) == 1 && array.size() == size;
  }
}
