package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Changes of size. Interpolation along one axis is a product with a matrix of weights, so that all
 * modes have their gradient.
 */
final class ResizeOperators {
  private ResizeOperators() {}

  static void register(OperatorRegistry registry) {
    registry.single("Resize", ResizeOperators::resize);
    registry.single("Upsample", ResizeOperators::upsample);
  }

  private static Operator.Single resize(NodeReader node) {
    boolean early = node.opset() < 11;
    String transform =
        early ? "asymmetric" : node.text("coordinate_transformation_mode", "half_pixel");
    node.require(
        Set.of(
                "half_pixel",
                "pytorch_half_pixel",
                "half_pixel_symmetric",
                "align_corners",
                "asymmetric",
                "tf_half_pixel_for_nn")
            .contains(transform),
        "coordinate_transformation_mode " + transform + " is not known here");
    node.require(!node.flag("antialias", false), "antialias is not known here");
    node.require(
        node.text("keep_aspect_ratio_policy", "stretch").equals("stretch"),
        "keep_aspect_ratio_policy is not known here");
    Interpolation interpolation =
        new Interpolation(
            node.text("mode", "nearest"),
            transform,
            early ? "simple" : node.text("nearest_mode", "round_prefer_floor"),
            node.floatOf("cubic_coeff_a", -0.75f),
            node.flag("exclude_outside", false));
    interpolation.check(node);
    long[] axes = node.ints("axes").orElse(null);
    int scalesAt = early ? 1 : 2;
    return in -> {
      double[] scales = in.has(scalesAt) ? in.doubles(scalesAt) : new double[0];
      long[] sizes = scales.length == 0 && in.has(3) ? in.longs(3) : null;
      return interpolated(in, interpolation, axes, scales, sizes);
    };
  }

  private static Operator.Single upsample(NodeReader node) {
    Interpolation interpolation =
        new Interpolation(node.text("mode", "nearest"), "asymmetric", "floor", -0.75f, false);
    interpolation.check(node);
    List<Float> fixed = node.floats("scales").orElse(List.of());
    double[] scales = fixed.stream().mapToDouble(Float::doubleValue).toArray();
    return in -> interpolated(in, interpolation, null, in.has(1) ? in.doubles(1) : scales, null);
  }

  private static NDArray interpolated(
      Arguments in,
      Interpolation interpolation,
      long @Nullable [] axes,
      double[] scales,
      long @Nullable [] sizes) {
    NDArray x = in.get(0);
    int rank = Dims.rank(x);
    int count = sizes == null ? scales.length : sizes.length;
    for (int i = 0; i < count; i++) {
      int axis = axes == null ? i : Dims.axis(axes[i], rank);
      long size = Dims.of(x)[axis];
      float scale = sizes == null ? (float) scales[i] : (float) sizes[i] / size;
      long wanted = sizes == null ? (long) Math.floor(size * scale) : sizes[i];
      if (wanted != size || scale != 1) {
        float[] weights =
            interpolation.weights(Math.toIntExact(size), Math.toIntExact(wanted), scale);
        NDArray matrix =
            Scalars.owned(in.scope().create(weights, new Shape(wanted, size)))
                .toType(x.getDataType(), false);
        x = along(x, axis, matrix);
      }
    }
    return x;
  }

  /** The matrix applied to one axis. */
  private static NDArray along(NDArray x, int axis, NDArray matrix) {
    int rank = Dims.rank(x);
    if (axis == rank - 1) {
      return x.matMul(matrix.transpose());
    }
    long[] dims = Dims.of(x);
    long before = Dims.product(dims, 0, axis);
    long after = Dims.product(dims, axis + 1, rank);
    NDArray result = matrix.matMul(x.reshape(before, dims[axis], after));
    return result.reshape(SliceOperators.with(dims, axis, Dims.of(matrix)[0]));
  }

  /**
   * How positions and their weights are found. Positions are computed in single precision, as ONNX
   * Runtime does it: where they fall between two elements that decides.
   */
  private record Interpolation(
      String mode, String transform, String nearest, float cubic, boolean excludeOutside) {

    void check(NodeReader node) {
      node.require(
          Set.of("nearest", "linear", "bilinear", "cubic").contains(mode),
          "mode " + mode + " is not known here");
    }

    float[] weights(int size, int wanted, float scale) {
      float[] weights = new float[wanted * size];
      for (int i = 0; i < wanted; i++) {
        float at = position(i, size, wanted, scale);
        switch (mode) {
          case "nearest" -> weights[i * size + clamp(rounded(at, scale), size)] = 1;
          case "cubic" -> cubicWeights(weights, i * size, size, at);
          default -> {
            float inside = Math.max(0, Math.min(at, size - 1));
            int low = (int) Math.floor(inside);
            int high = Math.min(low + 1, size - 1);
            weights[i * size + low] += 1 - (inside - low);
            weights[i * size + high] += inside - low;
          }
        }
      }
      return weights;
    }

    private float position(int i, int size, int wanted, float scale) {
      return switch (transform) {
        case "asymmetric" -> i / scale;
        case "align_corners" -> wanted == 1 ? 0 : (float) i * (size - 1) / (wanted - 1);
        case "pytorch_half_pixel" -> wanted > 1 ? (i + 0.5f) / scale - 0.5f : 0;
        case "tf_half_pixel_for_nn" -> (i + 0.5f) / scale;
        case "half_pixel_symmetric" -> {
          float adjustment = wanted / (scale * size);
          yield size / 2f * (1 - adjustment) + (i + 0.5f) / scale - 0.5f;
        }
        default -> (i + 0.5f) / scale - 0.5f;
      };
    }

    private int rounded(float at, float scale) {
      return (int)
          switch (nearest) {
            case "floor" -> Math.floor(at);
            case "ceil" -> Math.ceil(at);
            case "round_prefer_ceil" -> Math.floor(at + 0.5f);
            case "simple" -> scale < 1 ? Math.ceil(at) : Math.floor(at);
            default -> Math.ceil(at - 0.5f);
          };
    }

    private static int clamp(int index, int size) {
      return Math.max(0, Math.min(index, size - 1));
    }

    private void cubicWeights(float[] weights, int row, int size, float at) {
      int low = (int) Math.floor(at);
      float[] four = new float[4];
      float sum = 0;
      for (int k = 0; k < 4; k++) {
        int index = low - 1 + k;
        boolean outside = index < 0 || index >= size;
        four[k] = excludeOutside && outside ? 0 : cubicWeight(Math.abs(at - index));
        sum += four[k];
      }
      for (int k = 0; k < 4; k++) {
        weights[row + clamp(low - 1 + k, size)] += excludeOutside ? four[k] / sum : four[k];
      }
    }

    private float cubicWeight(float distance) {
      float d = distance;
      if (d <= 1) {
        return ((cubic + 2) * d - (cubic + 3)) * d * d + 1;
      }
      return d < 2 ? ((cubic * d - 5 * cubic) * d + 8 * cubic) * d - 4 * cubic : 0;
    }
  }
}
