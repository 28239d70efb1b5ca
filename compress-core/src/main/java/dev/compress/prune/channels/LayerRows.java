package dev.compress.prune.channels;

import dev.compress.graph.Node;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.PatchReader;
import dev.compress.quantize.WeightLayout;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.List;

/**
 * Takes rows of a layer's input, and of its output at the same places, sample by sample: which ones
 * depends on the number of the sample alone, so that two models can be read one after the other.
 */
final class LayerRows {
  private final NodePattern layer;
  private final WeightLayout layout;
  private final int perSample;
  private long samples;

  /** Takes one row. */
  @FunctionalInterface
  interface Sink {
    /**
     * A row.
     *
     * @param group of the layer's channels
     * @param values hold the row; valid during the call only
     * @param from its first element
     */
    void row(int group, float[] values, int from);
  }

  LayerRows(NodePattern layer, int perSample) {
    this.layer = layer;
    this.layout = InputRows.layoutOf(layer);
    this.perSample = perSample;
  }

  private int position(int i, int taken, int all) {
    return (int) (((long) i * all / taken + samples * 7919) % all);
  }

  /** Rows that the weight is multiplied with. */
  void inputs(TensorBuffer input, int count, Sink sink) {
    float[] values = input.toFloats();
    if (!layer.node().is("Conv")) {
      rows(values, layout.rowLength(), count, sink);
      return;
    }
    PatchReader reader = patches(input.shape());
    int each = values.length / count;
    int group = each / layout.groups();
    int positions = reader.positions();
    int taken = Math.min(positions, perSample);
    float[] patch = new float[layout.rowLength()];
    for (int b = 0; b < count; b++, samples++) {
      for (int i = 0; i < taken; i++) {
        int at = position(i, taken, positions);
        for (int g = 0; g < layout.groups(); g++) {
          reader.read(values, b * each + g * group, layout.inPerGroup(), at, patch, 0);
          sink.row(g, patch, 0);
        }
      }
    }
  }

  /** What comes out there. */
  void outputs(TensorBuffer output, int count, Sink sink) {
    float[] values = output.toFloats();
    if (!layer.node().is("Conv")) {
      rows(values, layout.outChannels(), count, sink);
      return;
    }
    int channels = layout.outChannels();
    int each = values.length / count;
    int positions = each / channels;
    int taken = Math.min(positions, perSample);
    float[] row = new float[channels];
    for (int b = 0; b < count; b++, samples++) {
      for (int i = 0; i < taken; i++) {
        int at = position(i, taken, positions);
        for (int c = 0; c < channels; c++) {
          row[c] = values[b * each + c * positions + at];
        }
        sink.row(0, row, 0);
      }
    }
  }

  private void rows(float[] values, int length, int count, Sink sink) {
    int each = values.length / length / count;
    int taken = Math.min(each, perSample);
    for (int b = 0; b < count; b++, samples++) {
      for (int i = 0; i < taken; i++) {
        sink.row(0, values, (b * each + position(i, taken, each)) * length);
      }
    }
  }

  private PatchReader patches(Shape shape) {
    Node node = layer.node();
    int rank = shape.rank() - 2;
    int[] input = new int[rank];
    int[] kernel = new int[rank];
    for (int d = 0; d < rank; d++) {
      input[d] = Math.toIntExact(shape.dim(d + 2));
      kernel[d] = Math.toIntExact(layer.tensor().shape().dim(d + 2));
    }
    return new PatchReader(
        input,
        kernel,
        ints(node, "strides", rank, 1),
        ints(node, "pads", 2 * rank, 0),
        ints(node, "dilations", rank, 1));
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
