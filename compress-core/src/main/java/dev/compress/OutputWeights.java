package dev.compress;

import dev.compress.error.ReadWriteException;
import dev.compress.graph.OnnxModel;
import dev.compress.inspect.ParameterTotals;
import dev.compress.onnx.WrittenModel;
import dev.compress.pack.WeightInventory;
import dev.compress.pack.WeightInventory.Stored;
import dev.compress.pass.PassContext;
import dev.compress.report.TransformReport.StoredWeight;
import dev.compress.tensor.ElementType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * What the weights of a written model take, each looked at in its dense form.
 *
 * @param zippedBytes the files deflated, or null if they are too large to do that here
 * @param totals of all constants, small ones and those of subgraphs included
 * @param weights as they are stored
 */
record OutputWeights(@Nullable Long zippedBytes, ParameterTotals totals, WeightInventory weights) {
  private static final long MOST_BYTES_TO_ZIP = 128L << 20;
  private static final int PIECE = 1 << 18;

  static OutputWeights of(OnnxModel model, WrittenModel written, PassContext context) {
    List<Path> files = new ArrayList<>(List.of(written.file()));
    written.data().ifPresent(d -> files.add(d.file()));
    return new OutputWeights(
        written.bytes() > MOST_BYTES_TO_ZIP ? null : zipped(files),
        ParameterTotals.of(model),
        WeightInventory.of(model, context));
  }

  @Nullable Double sparsity() {
    long zeros = 0;
    long elements = 0;
    for (Stored weight : weights.weights()) {
      zeros += weight.zeros();
      elements += weight.elements();
    }
    return elements == 0 ? null : (double) zeros / elements;
  }

  @Nullable Double bitsPerWeight(long parameters) {
    long bytes = totals.bytes() + weights.unpackingBytes();
    return parameters == 0 ? null : 8.0 * bytes / parameters;
  }

  /** For the report. */
  List<StoredWeight> list() {
    return weights.weights().stream()
        .filter(w -> w.rank() > 1)
        .map(
            w ->
                new StoredWeight(
                    w.name(),
                    w.type().name(),
                    w.elements(),
                    (double) w.zeros() / w.elements(),
                    w.distinct().isPresent() ? (Integer) w.distinct().getAsInt() : null,
                    w.form(),
                    w.bytes(),
                    w.zippedBytes(),
                    8.0 * w.bytes() / w.elements(),
                    w.unpackMillis()))
        .toList();
  }

  /**
   * Where the file is not what the recipe asked for.
   *
   * @param centroids the most distinct values a weight was to have, or null
   */
  List<String> contradictions(@Nullable Integer centroids) {
    List<String> found = new ArrayList<>();
    if (centroids == null) {
      return found;
    }
    for (Stored weight : weights.weights()) {
      // What was left alone by all is listed where it was.
      boolean changed = weight.type().equals(ElementType.INT8) || !weight.form().equals("dense");
      boolean clustered = weight.rank() > 1 && changed;
      if (clustered && (weight.distinct().isEmpty() || weight.distinct().getAsInt() > centroids)) {
        found.add(
            "Weight "
                + weight.name()
                + " was to have at most "
                + centroids
                + " distinct values and has "
                + (weight.distinct().isPresent() ? weight.distinct().getAsInt() : "more")
                + " in the output.");
      }
    }
    return found;
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
