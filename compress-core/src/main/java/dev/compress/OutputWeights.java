package dev.compress;

import dev.compress.error.ReadWriteException;
import dev.compress.graph.OnnxModel;
import dev.compress.inspect.ParameterTotals;
import dev.compress.onnx.WrittenModel;
import dev.compress.pack.ShortNames;
import dev.compress.pack.WeightInventory;
import dev.compress.pack.WeightInventory.Stored;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.WeightClaim;
import dev.compress.report.TransformReport.StoredWeight;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
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

  /**
   * Looks at a written model.
   *
   * @param claims of the passes, which say which weights have values by groups of channels
   * @param names under which the passes knew the weights
   */
  static OutputWeights of(
      OnnxModel model,
      WrittenModel written,
      PassContext context,
      List<WeightClaim> claims,
      ShortNames names) {
    Map<String, Integer> groups = new HashMap<>();
    claims.stream().filter(c -> c.groups() > 1).forEach(c -> groups.put(c.weight(), c.groups()));
    List<Path> files = new ArrayList<>(List.of(written.file()));
    written.data().ifPresent(d -> files.add(d.file()));
    return new OutputWeights(
        written.bytes() > MOST_BYTES_TO_ZIP ? null : zipped(files),
        ParameterTotals.of(model),
        WeightInventory.of(model, context, groups, names::before));
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
                    boxed(w.distinct()),
                    boxed(w.distinctInGroup()),
                    w.form(),
                    w.bytes(),
                    w.zippedBytes(),
                    8.0 * w.bytes() / w.elements(),
                    w.unpackMillis()))
        .toList();
  }

  private static @Nullable Integer boxed(OptionalInt number) {
    return number.isPresent() ? (Integer) number.getAsInt() : null;
  }

  /**
   * Where the file is not what the passes said it would be.
   *
   * @param claims theirs
   * @return what is wrong, for people; empty if nothing is
   */
  List<String> contradictions(List<WeightClaim> claims) {
    Map<String, Stored> byName = new HashMap<>();
    Map<String, Long> zeros = new HashMap<>();
    long all = 0;
    for (Stored weight : weights.weights()) {
      if (weight.rank() > 1) {
        byName.put(weight.name(), weight);
        zeros.merge(original(weight.name()), weight.zeros(), Long::sum);
        all += weight.zeros();
      }
    }
    List<String> found = new ArrayList<>();
    long claimed = 0;
    for (WeightClaim claim : claims) {
      claimed += claim.zeros();
      Long zero = zeros.get(claim.weight());
      if (zero != null && zero < claim.zeros()) {
        found.add(
            "weight %s has %d zeros and not the %d that were made"
                .formatted(claim.weight(), zero, claim.zeros()));
      }
      Stored stored = byName.get(claim.weight());
      if (stored != null && claim.distinct() > 0) {
        boolean whole = claim.groups() == 1;
        OptionalInt has = whole ? stored.distinct() : stored.distinctInGroup();
        if (has.isEmpty() || has.getAsInt() > claim.distinct()) {
          found.add(
              "weight %s has %s distinct values%s and not %d at most"
                  .formatted(
                      claim.weight(),
                      has.isPresent() ? Integer.toString(has.getAsInt()) : "over 256",
                      whole ? "" : " in one of its " + claim.groups() + " groups of channels",
                      claim.distinct()));
        }
      }
    }
    if (all < claimed) {
      found.add("its weights have %d zeros and not the %d that were made".formatted(all, claimed));
    }
    return found;
  }

  /** The name that a weight had before it was quantized, halved or made a matrix. */
  private static String original(String name) {
    String original = name;
    for (boolean shorter = true; shorter; ) {
      shorter = false;
      for (String suffix : List.of("_q", "_q4", "_h", "_2d")) {
        if (original.endsWith(suffix)) {
          original = original.substring(0, original.length() - suffix.length());
          shorter = true;
        }
      }
    }
    return original;
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
