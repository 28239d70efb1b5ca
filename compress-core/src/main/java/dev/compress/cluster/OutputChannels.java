package dev.compress.cluster;

import dev.compress.graph.Node;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.Shape;

/** Knows along which axis of a weight the output channels of its node lie. */
final class OutputChannels {
  private OutputChannels() {}

  /**
   * The runs of output channels of a weight.
   *
   * @param reader a node that multiplies by it
   * @param name of the weight
   * @param count how many
   */
  static ChannelGroups of(Node reader, String name, Shape shape, int count) {
    boolean second = reader.inputs().indexOf(name) == 1;
    int axis =
        switch (reader.opType()) {
          case "MatMul" -> second ? -1 : -2;
          case "Gemm" -> {
            boolean transposed = reader.intAttribute(second ? "transB" : "transA", 0) == 1;
            yield second == transposed ? 0 : 1;
          }
          case "ConvTranspose" -> reader.intAttribute("group", 1) == 1 ? 1 : 0;
          case "LSTM", "GRU", "RNN" -> 1;
          default -> 0; // Conv, and the rows of an embedding
        };
    return ChannelGroups.of(shape, axis, count);
  }
}
