package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds embeddings whose transpose is stored once more as the weight of an output projection, as
 * exporters do that fold the Transpose of a tied weight.
 */
final class TransposedTwins {
  /** How much of each of the two is in memory at once. */
  private static final int TILE_BYTES = 1 << 22;

  /**
   * A pair.
   *
   * @param table the embedding, {@code [V, D]}
   * @param weight equal to its transpose, {@code [D, V]}
   * @param product what reads the weight
   */
  record Twins(Initializer table, Initializer weight, Node product) {}

  private TransposedTwins() {}

  /** All pairs, by content. */
  static List<Twins> find(Graph graph, long minimumBytes, Progress progress) {
    GraphIndex index = new GraphIndex(graph);
    List<Initializer> tables = new ArrayList<>();
    List<Twins> candidates = new ArrayList<>();
    for (Initializer initializer : graph.initializers()) {
      Tensor tensor = initializer.tensor();
      if (tensor.shape().rank() == 2
          && tensor.type().bits() >= 8
          && tensor.byteSize() >= minimumBytes
          && index.uses(initializer.name()).stream()
              .anyMatch(u -> u.node().is("Gather") && u.inputIndex() == 0)) {
        tables.add(initializer);
      }
    }
    for (Initializer weight : graph.initializers()) {
      for (Initializer table : tables) {
        if (mayBe(table.tensor(), weight.tensor())) {
          index.uses(weight.name()).stream()
              .filter(u -> u.inputIndex() == 1)
              .map(GraphIndex.Use::node)
              .filter(n -> n.is("MatMul") || (n.is("Gemm") && n.intAttribute("transB", 0) == 0))
              .findFirst()
              .ifPresent(node -> candidates.add(new Twins(table, weight, node)));
        }
      }
    }
    candidates.removeIf(t -> !areTransposed(t.table().tensor(), t.weight().tensor(), progress));
    return candidates;
  }

  private static boolean mayBe(Tensor table, Tensor weight) {
    return weight.type().equals(table.type())
        && weight.shape().rank() == 2
        && weight.shape().dim(0) == table.shape().dim(1)
        && weight.shape().dim(1) == table.shape().dim(0);
  }

  /** Whether {@code weight[d, v] = table[v, d]} everywhere, compared tile by tile. */
  private static boolean areTransposed(Tensor table, Tensor weight, Progress progress) {
    int size = bytes(table.type());
    long rows = table.shape().dim(0);
    int columns = Math.toIntExact(table.shape().dim(1));
    int tileRows = (int) Math.max(1, Math.min(rows, TILE_BYTES / Math.max(1, columns * size)));
    byte[] tile = new byte[Math.multiplyExact(Math.multiplyExact(tileRows, columns), size)];
    byte[] line = new byte[tileRows * size];
    for (long from = 0; from < rows; from += tileRows) {
      progress.check();
      int n = (int) Math.min(tileRows, rows - from);
      table.data().read(from * columns * size, ByteBuffer.wrap(tile, 0, n * columns * size));
      for (int d = 0; d < columns; d++) {
        weight.data().read((d * rows + from) * size, ByteBuffer.wrap(line, 0, n * size));
        for (int v = 0; v < n; v++) {
          int at = (v * columns + d) * size;
          if (!Arrays.equals(line, v * size, (v + 1) * size, tile, at, at + size)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private static int bytes(ElementType type) {
    return type.bits() / 8;
  }
}
