package dev.compress.quantize;

import dev.compress.graph.Node;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Cuts out the rows that a layer's weight is multiplied with, group by group: the patches under a
 * convolution's kernel, or the last axis of a matrix product's input. Of large inputs only some
 * rows are taken, at equal distances that shift from sample to sample.
 */
public final class InputRows {
  private final NodePattern pattern;
  private final WeightLayout layout;
  private final @Nullable AffineParameters parameters;
  private final int rowsPerSample;
  private final Sink sink;
  private long samples;

  /** Takes rows. */
  @FunctionalInterface
  public interface Sink {
    /**
     * One row.
     *
     * @param group of the layer's channels
     * @param values hold the row; valid during the call only
     * @param from its first element
     */
    void row(int group, float[] values, int from);
  }

  /**
   * Nothing seen yet.
   *
   * @param pattern the layer
   * @param parameters by which its input is quantized, or null if it is not
   * @param rowsPerSample the most rows to take of one sample
   * @param sink takes the rows, each as long as a row of the layer's weight
   */
  public InputRows(
      NodePattern pattern, @Nullable AffineParameters parameters, int rowsPerSample, Sink sink) {
    this.pattern = pattern;
    this.layout = layoutOf(pattern);
    this.parameters = parameters;
    this.rowsPerSample = rowsPerSample;
    this.sink = sink;
  }

  /** How the weight of a layer lies in its array. */
  public static WeightLayout layoutOf(NodePattern pattern) {
    Shape shape = pattern.tensor().shape();
    if (pattern.node().is("Conv")) {
      return WeightLayout.convolution(shape, Math.toIntExact(pattern.groups()));
    }
    return pattern.outputAxis() == 0
        ? WeightLayout.transposedMatrix(shape)
        : WeightLayout.matrix(shape);
  }

  /** Why the rows of a layer cannot be cut out; empty if they can. */
  public static String reasonAgainst(NodePattern pattern) {
    String pad = pattern.node().stringAttribute("auto_pad", "NOTSET").toUpperCase(Locale.ROOT);
    return !pattern.node().is("Conv") || pad.equals("NOTSET") || pad.equals("VALID")
        ? ""
        : "its padding is given as " + pad;
  }

  /** How the weight lies in its array. */
  public WeightLayout layout() {
    return layout;
  }

  /** Takes in a batch of the layer's input. */
  public void observe(TensorBuffer input) {
    if (input.shape().elementCount() == 0) {
      return;
    }
    float[] values = input.toFloats();
    AffineParameters p = parameters;
    if (p != null) {
      for (int i = 0; i < values.length; i++) {
        values[i] = p.dequantize(p.quantize(values[i]));
      }
    }
    if (pattern.node().is("Conv")) {
      observePatches(values, input.shape());
    } else {
      observeRows(values);
    }
  }

  private void observeRows(float[] values) {
    int length = layout.rowLength();
    int rows = values.length / length;
    int taken = Math.min(rows, rowsPerSample);
    for (int i = 0; i < taken; i++) {
      sink.row(0, values, position(i, taken, rows, samples) * length);
    }
    samples++;
  }

  private void observePatches(float[] values, Shape shape) {
    PatchReader reader = patches(pattern, shape);
    int positions = reader.positions();
    int batch = Math.toIntExact(shape.dim(0));
    int perSample = values.length / batch;
    int perGroup = perSample / layout.groups();
    int taken = Math.min(positions, rowsPerSample);
    float[] patch = new float[layout.rowLength()];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < taken; i++) {
        int at = position(i, taken, positions, samples);
        for (int g = 0; g < layout.groups(); g++) {
          reader.read(values, b * perSample + g * perGroup, layout.inPerGroup(), at, patch, 0);
          sink.row(g, patch, 0);
        }
      }
      samples++;
    }
  }

  /**
   * Cuts the patches of a convolution.
   *
   * @param pattern the convolution
   * @param input the shape of its input
   */
  public static PatchReader patches(NodePattern pattern, Shape input) {
    int rank = input.rank() - 2;
    Node node = pattern.node();
    int[] places = new int[rank];
    int[] kernel = new int[rank];
    for (int d = 0; d < rank; d++) {
      places[d] = Math.toIntExact(input.dim(d + 2));
      kernel[d] = Math.toIntExact(pattern.tensor().shape().dim(d + 2));
    }
    return new PatchReader(
        places,
        kernel,
        ints(node, "strides", rank, 1),
        ints(node, "pads", 2 * rank, 0),
        ints(node, "dilations", rank, 1));
  }

  /** Which of all rows is the i-th that is taken of a sample: at equal distances that shift. */
  public static int position(int i, int taken, int all, long sample) {
    return (int) (((long) i * all / taken + sample * 7919) % all);
  }

  private static int[] ints(Node node, String attribute, int count, int byDefault) {
    List<Long> values = node.intsAttribute(attribute).orElse(List.of());
    int[] ints = new int[count];
    for (int i = 0; i < count; i++) {
      ints[i] = i < values.size() ? Math.toIntExact(values.get(i)) : byDefault;
    }
    return ints;
  }
}
