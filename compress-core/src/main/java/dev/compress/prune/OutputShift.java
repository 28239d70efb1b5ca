package dev.compress.prune;

import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.Samples;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.PassContext;
import dev.compress.quantize.StridedSamples;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * How far a changed model's outputs are from the original's over some of the samples: {@code sum (y
 * - y')^2 / sum y^2}, averaged over the outputs. Where an output is a softmax, what goes into it is
 * compared: probabilities near 0 and 1 hide what moves them.
 */
final class OutputShift {
  private static final double BUDGET_PRODUCTS = 4e11;
  private static final double BUDGET_BYTES = 2e10;
  private static final long MOST_SAMPLES = 100;
  private static final long FEWEST_SAMPLES = 4;
  private static final long MOST_ELEMENTS = 1L << 24;

  private final PassContext context;
  private final Shapes shapes;
  private final Samples samples;
  private final Set<String> values;
  private final Map<String, List<float[]>> reference = new HashMap<>();

  private OutputShift(OnnxModel model, Samples samples, PassContext context) {
    this.context = context;
    this.shapes = context.shapes(model);
    this.samples = samples;
    this.values = compared(model, shapes);
    read(model, (value, tensor) -> listOf(value).add(tensor.toFloats()));
  }

  /**
   * Runs the original.
   *
   * @param model the original
   * @param trials how many changed models will be compared with it
   * @return empty where that would take too long, or where there is no output to compare
   */
  static Optional<OutputShift> of(OnnxModel model, int trials, PassContext context) {
    Samples all = context.calibration().orElseThrow();
    double weights =
        model.graph().initializers().stream().mapToDouble(i -> i.tensor().byteSize()).sum();
    double macs = Math.max(1, MacCounter.countOne(model).total());
    long affordable = (long) (BUDGET_PRODUCTS / macs / trials);
    long count = Math.min(Math.min(MOST_SAMPLES, affordable), all.count());
    if (count < Math.min(FEWEST_SAMPLES, all.count())
        || weights * trials > BUDGET_BYTES
        || compared(model, context.shapes(model)).isEmpty()) {
      return Optional.empty();
    }
    Samples some = new StridedSamples(all, 0, Math.max(1, all.count() / count), count);
    return Optional.of(new OutputShift(model, some, context));
  }

  /** The values that stand for the outputs. */
  private static Set<String> compared(OnnxModel model, Shapes shapes) {
    GraphIndex index = new GraphIndex(model.graph());
    Set<String> compared = new LinkedHashSet<>();
    for (ValueInfo output : model.graph().outputs()) {
      String value = output.name();
      Optional<Node> producer = index.producer(value);
      while (producer.isPresent() && producer.get().is("Identity")) {
        value = producer.get().input(0);
        producer = index.producer(value);
      }
      if (producer.isPresent() && producer.get().is("Softmax")) {
        value = producer.get().input(0);
      }
      boolean floats =
          shapes.type(value).filter(t -> t.element().equals(ElementType.FLOAT)).isPresent();
      if (floats && index.producer(value).isPresent()) {
        compared.add(value);
      }
    }
    return compared;
  }

  @FunctionalInterface
  private interface Sink {
    void accept(String value, TensorBuffer tensor);
  }

  private List<float[]> listOf(String value) {
    return reference.computeIfAbsent(value, v -> new ArrayList<>());
  }

  private void read(OnnxModel model, Sink sink) {
    long[] elements = new long[1];
    new ActivationReader(model, shapes, context.threads(), context.progress())
        .read(
            values,
            samples,
            "measure layers",
            (batch, n) ->
                batch.forEach(
                    (value, tensor) -> {
                      elements[0] += tensor.shape().elementCount();
                      if (elements[0] <= MOST_ELEMENTS) {
                        sink.accept(value, tensor);
                      }
                    }));
  }

  /**
   * The shift of a changed model's outputs.
   *
   * @param changed with the names of the original
   * @return infinite where an output is not finite
   */
  double of(OnnxModel changed) {
    Map<String, double[]> sums = new HashMap<>();
    read(
        changed,
        (value, tensor) -> {
          double[] sum = sums.computeIfAbsent(value, v -> new double[3]);
          float[] before = Objects.requireNonNull(reference.get(value)).get((int) sum[2]++);
          float[] after = tensor.toFloats();
          for (int i = 0; i < Math.min(before.length, after.length); i++) {
            double off = (double) before[i] - after[i];
            sum[0] += off * off;
            sum[1] += (double) before[i] * before[i];
          }
        });
    double shift = 0;
    for (double[] sum : sums.values()) {
      shift += sum[1] > 0 ? sum[0] / sum[1] / sums.size() : 0;
    }
    return Double.isFinite(shift) ? shift : Double.POSITIVE_INFINITY;
  }
}
