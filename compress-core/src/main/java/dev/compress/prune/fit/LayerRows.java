package dev.compress.prune.fit;

import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.PatchReader;
import dev.compress.quantize.WeightLayout;
import dev.compress.tensor.TensorBuffer;

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

  /** The number of the sample whose rows are being taken. */
  long sample() {
    return samples;
  }

  /** Rows that the weight is multiplied with. */
  void inputs(TensorBuffer input, int count, Sink sink) {
    float[] values = input.toFloats();
    if (!layer.node().is("Conv")) {
      rows(values, layout.rowLength(), count, sink);
      return;
    }
    PatchReader reader = InputRows.patches(layer, input.shape());
    int each = values.length / count;
    int group = each / layout.groups();
    int positions = reader.positions();
    int taken = Math.min(positions, perSample);
    float[] patch = new float[layout.rowLength()];
    for (int b = 0; b < count; b++, samples++) {
      for (int i = 0; i < taken; i++) {
        int at = InputRows.position(i, taken, positions, samples);
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
        int at = InputRows.position(i, taken, positions, samples);
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
        sink.row(0, values, (b * each + InputRows.position(i, taken, each, samples)) * length);
      }
    }
  }
}
