package dev.compress.quantize;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Transposes a stored float matrix in bands, so that it is never held whole. */
final class MatrixTranspose {
  private static final int BAND = 1 << 20;

  private MatrixTranspose() {}

  /** The transpose, float32, in the scratch. */
  static Tensor of(Tensor matrix, Scratch scratch) {
    int rows = Math.toIntExact(matrix.shape().dim(0));
    int columns = Math.toIntExact(matrix.shape().dim(1));
    Scratch.Region region = scratch.reserve(matrix.elementCount() * Float.BYTES);
    FloatReader reader = new FloatReader(matrix);
    int band = Math.max(1, Math.min(columns, BAND / Math.max(1, rows)));
    float[] piece = new float[band];
    float[] turned = new float[Math.multiplyExact(band, rows)];
    for (int from = 0; from < columns; from += band) {
      int count = Math.min(band, columns - from);
      for (int row = 0; row < rows; row++) {
        reader.read((long) row * columns + from, piece, 0, count);
        for (int c = 0; c < count; c++) {
          turned[c * rows + row] = piece[c];
        }
      }
      ByteBuffer bytes =
          ByteBuffer.allocate(count * rows * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(turned, 0, count * rows);
      region.write((long) from * rows * Float.BYTES, bytes);
    }
    return new Tensor(ElementType.FLOAT, Shape.of(columns, rows), region.source());
  }
}
