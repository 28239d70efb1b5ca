package dev.compress.prune.channels;

import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** Cuts positions out of a tensor's axes, a block of rows at a time. */
final class TensorSlice {
  private static final int BLOCK_BYTES = 1 << 20;

  private TensorSlice() {}

  /**
   * The tensor without the positions that are not left.
   *
   * @param tensor of whole bytes an element
   * @param left for each axis what is left, empty for all of it
   * @param scratch where the new one goes
   */
  static Tensor of(Tensor tensor, List<Optional<BitSet>> left, Scratch scratch) {
    int rank = tensor.shape().rank();
    long[] dims = tensor.shape().toArray();
    long[] made = dims.clone();
    for (int i = 0; i < rank; i++) {
      int axis = i;
      made[i] = left.get(i).map(b -> (long) b.cardinality()).orElse(dims[axis]);
    }
    Shape shape = Shape.of(made);
    int element = tensor.type().bits() / 8;
    long rowBytes = element;
    for (int i = 1; i < rank; i++) {
      rowBytes *= dims[i];
    }
    int rows = (int) Math.max(1, BLOCK_BYTES / rowBytes);
    byte[] block = new byte[Math.toIntExact(rows * rowBytes)];
    long size = shape.elementCount() * element;
    Scratch.Region region = size > BLOCK_BYTES ? scratch.reserve(size) : null;
    byte[] small = region == null ? new byte[(int) size] : new byte[0];
    long at = 0;
    for (long first = 0; first < dims[0]; first += rows) {
      int count = (int) Math.min(rows, dims[0] - first);
      tensor.data().read(first * rowBytes, ByteBuffer.wrap(block, 0, (int) (count * rowBytes)));
      int kept = 0;
      for (int r = 0; r < count; r++) {
        int row = (int) (first + r);
        if (left.get(0).map(b -> b.get(row)).orElse(true)) {
          kept = compact(block, (int) (r * rowBytes), kept, new Axes(dims, left, element), 1);
        }
      }
      if (region == null) {
        System.arraycopy(block, 0, small, (int) at, kept);
      } else {
        region.write(at, ByteBuffer.wrap(block, 0, kept));
      }
      at += kept;
    }
    return region == null
        ? scratch.store(tensor.type(), shape, small)
        : new Tensor(tensor.type(), shape, region.source());
  }

  @SuppressWarnings("ArrayRecordComponent") // lives for one call, is never compared
  private record Axes(long[] dims, List<Optional<BitSet>> left, int element) {
    boolean wholeFrom(int axis) {
      return left.subList(axis, left.size()).stream().allMatch(Optional::isEmpty);
    }

    int bytesFrom(int axis) {
      long bytes = element;
      for (int i = axis; i < dims.length; i++) {
        bytes *= dims[i];
      }
      return (int) bytes;
    }
  }

  /** Moves what is left of one slice to the front; what is moved never passes what is read. */
  private static int compact(byte[] block, int from, int to, Axes axes, int axis) {
    if (axes.wholeFrom(axis)) {
      int bytes = axes.bytesFrom(axis);
      System.arraycopy(block, from, block, to, bytes);
      return to + bytes;
    }
    int step = axes.bytesFrom(axis + 1);
    int end = to;
    Optional<BitSet> left = axes.left().get(axis);
    for (int i = 0; i < axes.dims()[axis]; i++) {
      if (left.isEmpty() || left.get().get(i)) {
        end = compact(block, from + i * step, end, axes, axis + 1);
      }
    }
    return end;
  }
}
