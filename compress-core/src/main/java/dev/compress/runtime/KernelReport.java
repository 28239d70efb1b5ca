package dev.compress.runtime;

import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.OnnxModel;
import dev.compress.runtime.Kernel.Arithmetic;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which kernels ONNX Runtime really executes for a model, by its own profile of a run with all
 * optimizations: the evidence of what runs in integer arithmetic.
 *
 * @param kernels what was executed, in order; a kernel inside a loop counts once
 * @param notExecuted labels of nodes that multiply and for which no kernel was found: folded,
 *     inside a fused kernel, or in a branch that was not taken
 * @param totalMacs multiply-accumulate operations of the whole model, for these inputs
 * @param warnings what could not be found out
 */
public record KernelReport(
    List<Kernel> kernels, List<String> notExecuted, long totalMacs, List<String> warnings)
    implements Serializable {
  /**
   * The blocked layout for float convolutions renames them beyond recognition, and changes nothing
   * of what is asked here.
   */
  private static final String WITHOUT = "optimization.disable_specified_optimizers";

  public KernelReport {
    kernels = List.copyOf(kernels);
    notExecuted = List.copyOf(notExecuted);
    warnings = List.copyOf(warnings);
  }

  /**
   * Runs a model once and reports.
   *
   * @param model the model
   * @param inputs one an input, by name
   * @param threads threads inside an operator; 0 leaves the choice to the runtime
   * @throws InvalidDataException if the model cannot run on these inputs
   */
  public static KernelReport of(OnnxModel model, Map<String, TensorBuffer> inputs, int threads) {
    return of(model, inputs, SessionOptions.of(threads));
  }

  /**
   * Runs a model once and reports.
   *
   * @param model the model
   * @param inputs one an input, by name
   * @param options how it is loaded: on which devices, by how many threads
   * @throws InvalidDataException if the model cannot run on these inputs
   */
  public static KernelReport of(
      OnnxModel model, Map<String, TensorBuffer> inputs, SessionOptions options) {
    MarkedModel marked = new MarkedModel(model);
    List<Profile.Event> events = events(marked.model(), inputs, options);
    Map<String, Shape> shapes =
        inputs.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().shape()));
    Shapes inferred = ShapeInference.infer(model, shapes);
    KernelMatcher matcher = new KernelMatcher(marked, model.graph(), inferred);
    matcher.match(events);
    MacCount macs = MacCounter.count(model.graph(), matcher.seen());
    return new KernelReport(
        matcher.kernels(events, macs), matcher.unmatched(), macs.total(), macs.warnings());
  }

  private static List<Profile.Event> events(
      OnnxModel model, Map<String, TensorBuffer> inputs, SessionOptions plain) {
    Path folder = null;
    Path profile = null;
    try {
      folder = Files.createTempDirectory("compress-profile-");
      SessionOptions options =
          plain.withProfile(folder.resolve("run")).withConfig(WITHOUT, "NchwcTransformer");
      try (InferenceSession session = InferenceSession.open(model, options)) {
        session.run(inputs);
        profile = session.endProfile();
      }
      return Profile.read(profile);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot write to the temporary folder: "
              + IoReason.of(e)
              + ". Free some space or set -Djava.io.tmpdir.",
          e);
    } finally {
      if (profile != null) {
        profile.toFile().delete();
      }
      if (folder != null) {
        folder.toFile().delete();
      }
    }
  }

  /** Kernels in integer arithmetic, by the model's operator. */
  public Map<String, Integer> integerCounts() {
    return counts(Arithmetic.INTEGER);
  }

  /** Kernels in floating point, by the model's operator. */
  public Map<String, Integer> floatCounts() {
    return counts(Arithmetic.FLOAT);
  }

  private Map<String, Integer> counts(Arithmetic arithmetic) {
    Map<String, Integer> counts = new TreeMap<>();
    kernels.stream()
        .filter(k -> k.arithmetic() == arithmetic)
        .forEach(k -> counts.merge(k.modelOp(), 1, Integer::sum));
    return counts;
  }

  /**
   * Kernels by execution provider and operator of the optimized graph; those that copy values
   * between devices are left out.
   */
  public Map<String, Map<String, Integer>> providers() {
    Map<String, Map<String, Integer>> counts = new TreeMap<>();
    kernels.stream()
        .filter(k -> !k.isDeviceCopy())
        .forEach(
            k ->
                counts
                    .computeIfAbsent(k.provider(), p -> new TreeMap<>())
                    .merge(k.op(), 1, Integer::sum));
    return counts;
  }

  /** Kernels that copy values between the processor's memory and a device's. */
  public int deviceCopies() {
    return (int) kernels.stream().filter(Kernel::isDeviceCopy).count();
  }

  /** The share of multiply-accumulate operations in integer arithmetic; 0 if there are none. */
  public double integerMacShare() {
    long integer =
        kernels.stream()
            .filter(k -> k.arithmetic() == Arithmetic.INTEGER)
            .mapToLong(Kernel::macs)
            .sum();
    return totalMacs == 0 ? 0 : (double) integer / totalMacs;
  }

  /** Kernels that only quantize or dequantize, those of the model's inputs and outputs included. */
  public List<Kernel> conversions() {
    return kernels.stream().filter(k -> k.arithmetic() == Arithmetic.CONVERSION).toList();
  }

  /**
   * The kernel that computes a node.
   *
   * @param label the node's {@link dev.compress.graph.Node#label()}
   * @return empty if it was folded, fused into another's kernel, or is in no taken branch
   */
  public Optional<Kernel> kernelOf(String label) {
    return kernels.stream().filter(k -> k.node().equals(label)).findFirst();
  }

  /**
   * What a node's kernel computes in.
   *
   * @param label the node's {@link dev.compress.graph.Node#label()}
   * @return empty as for {@link #kernelOf}
   */
  public Optional<Arithmetic> arithmeticOf(String label) {
    return kernelOf(label).map(Kernel::arithmetic);
  }
}
