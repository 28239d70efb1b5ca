package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Experimental operators of the first ONNX releases, which older models still hold. */
final class LegacyOperators {
  private LegacyOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single(
        "Affine",
        node -> {
          float alpha = node.floatOf("alpha", 1);
          float beta = node.floatOf("beta", 0);
          return in -> Scalars.times(in.get(0), alpha).add(beta);
        });
    registry.single("ImageScaler", LegacyOperators::imageScaler);
    registry.single("Crop", LegacyOperators::crop);
  }

  private static Operator.Single imageScaler(NodeReader node) {
    float scale = node.floatOf("scale", 1);
    List<Float> bias = node.floats("bias").orElse(List.of());
    return in -> {
      NDArray scaled = Scalars.times(in.get(0), scale);
      if (bias.isEmpty()) {
        return scaled;
      }
      float[] values = new float[bias.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = bias.get(i);
      }
      NDArray shift = Scalars.owned(in.scope().create(values)).toType(scaled.getDataType(), false);
      return scaled.add(shift.reshape(-1, 1, 1));
    };
  }

  /** Cuts a border: left, top, right, bottom; or, with a scale, that many rows and columns. */
  private static Operator.Single crop(NodeReader node) {
    long[] border = node.ints("border").orElseThrow();
    long[] scale = node.ints("scale").orElse(null);
    return in -> {
      NDArray x = in.get(0);
      long[] dims = Dims.of(x);
      long bottom = scale == null ? dims[2] - border[3] : border[1] + scale[0];
      long right = scale == null ? dims[3] - border[2] : border[0] + scale[1];
      return Torch.slice(Torch.slice(x, 2, border[1], bottom, 1), 3, border[0], right, 1);
    };
  }
}
