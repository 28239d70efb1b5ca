package dev.compress.pack;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pack.PackedValues.Packed;
import dev.compress.pass.PassContext;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.zip.Deflater;

/**
 * The weights of a model as they are stored, each looked at in its dense form, which ONNX Runtime
 * computes where it is packed: what a file holds, whatever the passes that made it say of it.
 *
 * @param weights in the model's order, dense ones first
 * @param unpackingBytes of the nodes that compute what is packed
 */
public record WeightInventory(List<Stored> weights, long unpackingBytes) {
  private static final long SMALLEST_WEIGHT = 64;
  private static final int PIECE = 1 << 18;

  public WeightInventory {
    weights = List.copyOf(weights);
  }

  /**
   * One weight.
   *
   * @param name the value that nodes read
   * @param type of its elements in memory
   * @param rank dims of its shape
   * @param elements how many
   * @param zeros how many are zero
   * @param distinct how many different values there are, if at most 256
   * @param distinctInGroup the most in one of the runs of channels that were asked about, cut along
   *     the axis where that is least; empty if nobody asked, or over 256
   * @param form how it is stored
   * @param bytes in the file, with the nodes that unpack it
   * @param zippedBytes the same deflated; 0 where that was not asked for
   * @param unpackMillis time to compute it at load; 0 for a dense one
   */
  public record Stored(
      String name,
      ElementType type,
      int rank,
      long elements,
      long zeros,
      OptionalInt distinct,
      OptionalInt distinctInGroup,
      String form,
      long bytes,
      long zippedBytes,
      double unpackMillis) {}

  /**
   * Looks at a model.
   *
   * @param context its scratch takes what is unpacked
   */
  public static WeightInventory of(OnnxModel model, PassContext context) {
    return of(model, context, Map.of(), UnaryOperator.identity());
  }

  /**
   * Looks at a model, and at runs of channels of some of its weights.
   *
   * @param context its scratch takes what is unpacked
   * @param groups into how many runs a weight's channels are cut, by its name
   * @param names what a weight is called, there and in what is returned, by its name in the model
   */
  public static WeightInventory of(
      OnnxModel model,
      PassContext context,
      Map<String, Integer> groups,
      UnaryOperator<String> names) {
    return of(model, context, groups, names, true);
  }

  /**
   * Looks at a model and deflates nothing, which takes most of the time.
   *
   * @param context its scratch takes what is unpacked
   */
  public static WeightInventory ofUnzipped(OnnxModel model, PassContext context) {
    return of(model, context, Map.of(), UnaryOperator.identity(), false);
  }

  private static WeightInventory of(
      OnnxModel model,
      PassContext context,
      Map<String, Integer> groups,
      UnaryOperator<String> names,
      boolean zipped) {
    List<Packed> packed = new PackedValues(model, true).find();
    Set<String> parts = new HashSet<>();
    packed.forEach(p -> parts.addAll(p.constants().keySet()));
    GraphIndex index = new GraphIndex(model.graph());
    List<Stored> weights = new ArrayList<>();
    for (Initializer initializer : model.graph().initializers()) {
      Tensor tensor = initializer.tensor();
      boolean read = !index.uses(initializer.name()).isEmpty();
      if (read && !parts.contains(initializer.name()) && isWeight(tensor)) {
        Zip zip = new Zip(zipped);
        zip.add(tensor);
        String name = names.apply(initializer.name());
        weights.add(stored(name, tensor, groups, "dense", tensor.byteSize(), zip, 0));
      }
    }
    Set<String> counted = new HashSet<>();
    long unpackingBytes = 0;
    for (Packed one : packed) {
      context.progress().check();
      long start = System.nanoTime();
      Tensor dense =
          UnpackWeights.evaluate(model, List.of(one), context, new ArrayList<>()).get(one.name());
      double millis = (System.nanoTime() - start) / 1e6;
      if (dense != null && isWeight(dense)) {
        Zip zip = new Zip(zipped);
        long bytes = 0;
        for (Map.Entry<String, Tensor> part : one.constants().entrySet()) {
          if (counted.add(part.getKey())) { // tables that are shared count once
            bytes += part.getValue().byteSize() + part.getKey().length();
            zip.add(part.getValue());
          }
        }
        long nodeBytes = one.nodes().stream().mapToLong(WeightInventory::bytesOf).sum();
        unpackingBytes += nodeBytes;
        bytes += nodeBytes;
        String name = names.apply(one.name());
        weights.add(stored(name, dense, groups, form(one), bytes, zip, millis));
      }
    }
    return new WeightInventory(weights, unpackingBytes);
  }

  private static boolean isWeight(Tensor tensor) {
    return tensor.elementCount() >= SMALLEST_WEIGHT
        && (tensor.type().isFloatingPoint() || tensor.type().equals(ElementType.INT8))
        && ElementBits.canRead(tensor.type());
  }

  private static Stored stored(
      String name,
      Tensor dense,
      Map<String, Integer> groups,
      String form,
      long bytes,
      Zip zip,
      double millis) {
    WeightSurvey survey = WeightSurvey.of(dense);
    OptionalInt distinct =
        survey.codebook().isPresent()
            ? OptionalInt.of(survey.codebook().get().size())
            : OptionalInt.empty();
    return new Stored(
        name,
        dense.type(),
        dense.shape().rank(),
        survey.elements(),
        survey.elements() - survey.nonZeros(),
        distinct,
        groups.containsKey(name)
            ? ChannelTables.mostInGroup(dense, groups.getOrDefault(name, 1))
            : OptionalInt.empty(),
        form,
        bytes,
        zip.end(),
        millis);
  }

  private static long bytesOf(Node node) {
    long bytes = node.name().length() + node.opType().length() + 4L;
    for (String value : node.inputs()) {
      bytes += value.length() + 2L;
    }
    for (String value : node.outputs()) {
      bytes += value.length() + 2L;
    }
    for (Attribute attribute : node.attributes()) {
      bytes += attribute.name().length() + 6L;
      if (attribute.value() instanceof AttributeValue.StringValue text) {
        bytes += text.text().length();
      }
    }
    return bytes;
  }

  /** Told by the operators: others may have packed it. */
  private static String form(Packed packed) {
    long sums = count(packed, "CumSum");
    String tables = byGroup(packed) ? ", tables by group" : "";
    return form(packed, sums) + tables;
  }

  /** Offsets are added to indices. */
  private static boolean byGroup(Packed packed) {
    Set<String> sums = new HashSet<>();
    packed.nodes().stream().filter(n -> n.is("Add")).forEach(n -> sums.addAll(n.outputs()));
    return packed.nodes().stream().anyMatch(n -> n.is("Gather") && sums.contains(n.input(1)));
  }

  private static String form(Packed packed, long sums) {
    boolean codebook = count(packed, "Gather") > (sums == 0 ? 0 : sums);
    if (count(packed, "ScatterElements") > 0) {
      return sums > 1 ? "gaps" + (codebook ? " + codes" : " + values") : "symbols";
    }
    if (sums > 0) {
      return "bitmask" + (codebook ? " + codes" : " + values");
    }
    if (count(packed, "Gather") > 0) {
      return count(packed, "BitShift") > 0 ? "packed codes" : "codes";
    }
    return count(packed, "Cast") > 0 ? "narrower type" : "computed";
  }

  private static long count(Packed packed, String op) {
    return packed.nodes().stream().filter(n -> n.is(op)).count();
  }

  /** Deflates and counts. */
  private static final class Zip {
    private final Deflater deflater = new Deflater();
    private final byte[] in = new byte[PIECE];
    private final byte[] out = new byte[PIECE];
    private final boolean wanted;

    Zip(boolean wanted) {
      this.wanted = wanted;
    }

    void add(Tensor tensor) {
      long size = wanted ? tensor.data().size() : 0;
      for (long from = 0; from < size; from += PIECE) {
        int n = (int) Math.min(PIECE, size - from);
        tensor.data().read(from, ByteBuffer.wrap(in, 0, n));
        deflater.setInput(in, 0, n);
        while (!deflater.needsInput()) {
          deflater.deflate(out);
        }
      }
    }

    long end() {
      deflater.finish();
      while (!deflater.finished()) {
        deflater.deflate(out);
      }
      long bytes = deflater.getBytesWritten();
      deflater.end();
      return wanted ? bytes : 0;
    }
  }
}
