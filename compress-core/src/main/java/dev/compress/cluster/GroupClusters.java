package dev.compress.cluster;

import dev.compress.graph.Node;
import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.PassContext;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Clusters runs of output channels of a float weight, each with centroids of its own. A run's
 * elements are brought together in a file, clustered, and put back; a weight is never in memory
 * whole.
 */
final class GroupClusters {
  private static final int PIECE = 1 << 16;

  private GroupClusters() {}

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

  /**
   * Clusters.
   *
   * @param name for messages
   * @param weight float elements
   * @param groups runs of its channels
   * @param clusters what to do with each; zeros are kept in all of them or in none
   * @return the instance that was given where nothing changes
   */
  static Tensor cluster(
      String name,
      Tensor weight,
      ChannelGroups groups,
      FloatClusters clusters,
      PassContext context) {
    Scratch scratch = context.scratch();
    FloatClusters each = clusters.keepingZerosOf(weight);
    Scratch.Region whole = scratch.reserve(weight.byteSize());
    boolean[] changed = new boolean[groups.groups()];
    ParallelLoop.run(
        groups.groups(),
        context.threads(),
        group -> {
          Runs there = Runs.of(groups, group);
          Runs alone = new Runs(there.count, there.length, 0, there.length);
          Scratch.Region together = scratch.reserve(there.elements() * Float.BYTES);
          copy(weight, there, together, alone);
          Shape shape = Shape.of(there.elements());
          Tensor part = new Tensor(ElementType.FLOAT, shape, together.source());
          Tensor clustered = each.cluster(name, part, scratch);
          changed[group] = clustered != part;
          copy(clustered, alone, whole, there);
        });
    boolean any = false;
    for (boolean one : changed) {
      any |= one;
    }
    return any ? new Tensor(ElementType.FLOAT, weight.shape(), whole.source()) : weight;
  }

  /** Elements of a group: so many runs of a length, at equal distances. */
  private record Runs(long count, long length, long first, long distance) {
    static Runs of(ChannelGroups groups, int group) {
      long length = (groups.first(group + 1) - groups.first(group)) * groups.inner();
      long distance = groups.channels() * groups.inner();
      return new Runs(groups.outer(), length, groups.first(group) * groups.inner(), distance);
    }

    long elements() {
      return count * length;
    }
  }

  private static void copy(Tensor from, Runs source, Scratch.Region to, Runs target) {
    FloatReader reader = new FloatReader(from);
    float[] values = new float[(int) Math.min(PIECE, source.length)];
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long run = 0; run < source.count; run++) {
      for (long done = 0; done < source.length; done += values.length) {
        int count = (int) Math.min(values.length, source.length - done);
        reader.read(source.first + run * source.distance + done, values, 0, count);
        bytes.clear();
        bytes.asFloatBuffer().put(values, 0, count);
        bytes.limit(count * Float.BYTES);
        to.write((target.first + run * target.distance + done) * Float.BYTES, bytes);
      }
    }
  }
}
