package dev.compress.train;

import dev.compress.tensor.Shape;
import java.util.List;

/**
 * Values that a model in training reads through quantization: {@code v' = s clip(round(v / s), -n,
 * p)}, rounding with the gradient of a straight line (arXiv 1308.3432), so that by the quotient
 * rule the step {@code s} is learned with the gradient {@code round(v / s) - v / s} within the
 * range and {@code -n} or {@code p} beyond it (LSQ, arXiv 1902.08153).
 *
 * @param scales the steps; each may serve several values
 * @param weights stored values
 * @param values computed values and inputs
 */
public record FakeQuantization(
    List<Scale> scales, List<QuantizedWeight> weights, List<QuantizedValue> values) {
  /** Nothing is quantized. */
  public static final FakeQuantization NONE = new FakeQuantization(List.of(), List.of(), List.of());

  /** Copies. */
  public FakeQuantization {
    scales = List.copyOf(scales);
    weights = List.copyOf(weights);
    values = List.copyOf(values);
  }

  /**
   * A step, or one a channel.
   *
   * @param name unique
   * @param shape broadcasts against what it quantizes; a single element for all: one dim of 1
   * @param initial where learning begins, positive
   * @param most what it must not pass, such as where a Clip would cut; infinite: nothing
   */
  public record Scale(String name, Shape shape, List<Float> initial, float most) {
    /** Copies and checks. */
    public Scale {
      initial = List.copyOf(initial);
      if (shape.elementCount() != initial.size()) {
        throw new IllegalArgumentException(initial.size() + " scales in the shape " + shape);
      }
      for (float one : initial) {
        if (!(one > 0 && one <= most)) {
          throw new IllegalArgumentException("The scale " + one + " of " + name);
        }
      }
    }
  }

  /**
   * A weight.
   *
   * @param parameter its name in the model
   * @param scale name of its step
   * @param limit codes are {@code -limit} to {@code limit}
   * @param unit where codes are shared: what a code of 1 is stored as, and {@code w = s
   *     clip(round(v / unit))}; 0 where each weight has a code of its own
   */
  public record QuantizedWeight(String parameter, String scale, int limit, float unit) {
    /** Whether codes are shared by all weights that are stored alike, whatever their channel. */
    public boolean isShared() {
      return unit > 0;
    }
  }

  /**
   * A computed value.
   *
   * @param value its name in the model
   * @param scale name of its step
   * @param least the least code, less the zero point
   * @param most the greatest code, less the zero point
   */
  public record QuantizedValue(String value, String scale, int least, int most) {}
}
