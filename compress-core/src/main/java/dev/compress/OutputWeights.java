package dev.compress;

import dev.compress.error.ReadWriteException;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.WrittenModel;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * What the weights of a written model take.
 *
 * @param zippedBytes the files deflated, or null if they are too large to do that here
 * @param zeros weights that are exactly zero
 * @param elements all weights
 * @param weightBytes what they take in the file, scales included
 */
record OutputWeights(@Nullable Long zippedBytes, long zeros, long elements, long weightBytes) {
  private static final long MOST_BYTES_TO_ZIP = 128L << 20;
  private static final int PIECE = 1 << 18;
  private static final long SMALLEST_WEIGHT = 64;

  static OutputWeights of(OnnxModel model, WrittenModel written) {
    long zeros = 0;
    long elements = 0;
    long bytes = 0;
    for (Initializer initializer : model.graph().initializers()) {
      Tensor tensor = initializer.tensor();
      if (tensor.elementCount() >= SMALLEST_WEIGHT && isWeight(tensor.type())) {
        zeros += zeros(tensor);
        elements += tensor.elementCount();
        bytes += tensor.byteSize();
      }
    }
    List<Path> files = new ArrayList<>(List.of(written.file()));
    written.data().ifPresent(d -> files.add(d.file()));
    return new OutputWeights(
        written.bytes() > MOST_BYTES_TO_ZIP ? null : zipped(files), zeros, elements, bytes);
  }

  private static boolean isWeight(ElementType type) {
    return type.isFloatingPoint() || type.equals(ElementType.INT8);
  }

  @Nullable Double sparsity() {
    return elements == 0 ? null : (double) zeros / elements;
  }

  @Nullable Double bitsPerWeight(long parameters) {
    return parameters == 0 ? null : 8.0 * weightBytes / parameters;
  }

  private static long zeros(Tensor tensor) {
    long zeros = 0;
    boolean codes = tensor.type().equals(ElementType.INT8);
    byte[] bytes = new byte[codes ? PIECE : 0];
    float[] floats = new float[codes ? 0 : PIECE];
    FloatReader reader = codes ? null : new FloatReader(tensor);
    for (long from = 0; from < tensor.elementCount(); from += PIECE) {
      int n = (int) Math.min(PIECE, tensor.elementCount() - from);
      if (reader == null) {
        tensor.data().read(from, ByteBuffer.wrap(bytes, 0, n));
        for (int i = 0; i < n; i++) {
          zeros += bytes[i] == 0 ? 1 : 0;
        }
      } else {
        reader.read(from, floats, 0, n);
        for (int i = 0; i < n; i++) {
          zeros += floats[i] == 0 ? 1 : 0;
        }
      }
    }
    return zeros;
  }

  private static long zipped(List<Path> files) {
    Deflater deflater = new Deflater();
    byte[] in = new byte[PIECE];
    byte[] out = new byte[PIECE];
    try {
      for (Path file : files) {
        try (InputStream stream = Files.newInputStream(file)) {
          for (int n = stream.read(in); n > 0; n = stream.read(in)) {
            deflater.setInput(in, 0, n);
            while (!deflater.needsInput()) {
              deflater.deflate(out);
            }
          }
        }
      }
      deflater.finish();
      while (!deflater.finished()) {
        deflater.deflate(out);
      }
      return deflater.getBytesWritten();
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read back " + files + ": " + e.getMessage() + ".", e);
    } finally {
      deflater.end();
    }
  }
}
