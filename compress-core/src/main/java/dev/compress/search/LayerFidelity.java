package dev.compress.search;

import dev.compress.calibrate.ObservedModel;
import dev.compress.calibrate.Samples;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassResult.Trace;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * How close each layer's output is to the float model's, with everything before it quantized too.
 */
public final class LayerFidelity {
  private static final int GROUP = 24;

  private LayerFidelity() {}

  /**
   * Signal to quantization noise of each layer: {@code 10 log10(sum x^2 / sum (x - y)^2)}.
   *
   * @param before the float model
   * @param after the quantized one
   * @param traces the layers
   * @param samples inputs of both
   * @param most how many samples to run at most
   * @param threads for the runtime
   * @param progress told one step a sample and group
   * @return decibels by layer, positive infinity where nothing differs
   */
  public static Map<Trace, Double> sqnrDb(
      OnnxModel before,
      OnnxModel after,
      List<Trace> traces,
      Samples samples,
      long most,
      int threads,
      Progress progress) {
    Map<Trace, Double> all = new LinkedHashMap<>();
    progress.begin(
        "compare layers", Math.min(most, samples.count()) * ((traces.size() + GROUP - 1) / GROUP));
    for (int from = 0; from < traces.size(); from += GROUP) {
      List<Trace> group = traces.subList(from, Math.min(from + GROUP, traces.size()));
      Sums sums = new Sums(group);
      Set<String> x = new LinkedHashSet<>(group.stream().map(Trace::before).toList());
      Set<String> y = new LinkedHashSet<>(group.stream().map(Trace::after).toList());
      SessionOptions options = SessionOptions.of(threads).withMemoryArena(false);
      try (InferenceSession a = InferenceSession.open(ObservedModel.showing(before, x), options);
          InferenceSession b = InferenceSession.open(ObservedModel.showing(after, y), options)) {
        long[] left = {most};
        samples.forEachBatch(
            1,
            (inputs, n) -> {
              sums.add(a.run(inputs), b.run(inputs));
              progress.advance(n);
              progress.check();
              left[0] -= n;
              return left[0] > 0;
            });
      }
      all.putAll(sums.decibels());
    }
    return all;
  }

  private static final class Sums {
    private final List<Trace> traces;
    private final double[] signal;
    private final double[] noise;

    Sums(List<Trace> traces) {
      this.traces = traces;
      signal = new double[traces.size()];
      noise = new double[traces.size()];
    }

    void add(Map<String, TensorBuffer> before, Map<String, TensorBuffer> after) {
      for (int t = 0; t < traces.size(); t++) {
        FloatBuffer x = Objects.requireNonNull(before.get(traces.get(t).before())).floats();
        FloatBuffer y = Objects.requireNonNull(after.get(traces.get(t).after())).floats();
        while (x.hasRemaining() && y.hasRemaining()) {
          double value = x.get();
          double error = value - y.get();
          signal[t] += value * value;
          noise[t] += error * error;
        }
      }
    }

    Map<Trace, Double> decibels() {
      Map<Trace, Double> decibels = new LinkedHashMap<>();
      for (int t = 0; t < traces.size(); t++) {
        decibels.put(
            traces.get(t),
            noise[t] == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal[t] / noise[t]));
      }
      return decibels;
    }
  }
}
