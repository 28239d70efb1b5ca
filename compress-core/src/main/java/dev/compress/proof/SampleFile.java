package dev.compress.proof;

import dev.compress.calibrate.Samples;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A few batches of inputs in a file: the initializers of a model without nodes, named {@code
 * index/input}. The one without an input's name holds the rows, and how many of them count.
 */
final class SampleFile {
  private SampleFile() {}

  /**
   * Inputs of one run.
   *
   * @param inputs by name
   * @param rows samples that they hold, padding included
   * @param count how many of these count, from the first
   */
  record Run(Map<String, TensorBuffer> inputs, int rows, int count) {}

  static int write(Samples samples, int most, Path file) {
    List<Initializer> tensors = new ArrayList<>();
    int[] count = {0};
    long stride = Math.max(1, samples.count() / ((long) most * samples.fixedRows()));
    long[] at = {0};
    samples.forEachBatch(
        1,
        (inputs, n) -> {
          if (at[0]++ % stride == 0) {
            int index = count[0]++;
            inputs.forEach(
                (name, tensor) ->
                    tensors.add(Initializer.of(index + "/" + name, tensor.toTensor())));
            tensors.add(
                Initializer.of(index + "/", Tensor.ofLongs(Shape.of(2), samples.fixedRows(), n)));
          }
          return count[0] < most;
        });
    OnnxWriter.write(
        OnnxModel.of(8, 13, Graph.of("samples", List.of(), tensors, List.of(), List.of())),
        file,
        WriteSettings.DEFAULT.withForce(true),
        Progress.NONE);
    return count[0];
  }

  static List<Run> read(Path file) {
    List<Run> runs = new ArrayList<>();
    Map<String, TensorBuffer> inputs = new LinkedHashMap<>();
    for (Initializer tensor : OnnxReader.read(file).model().graph().initializers()) {
      String input = tensor.name().substring(tensor.name().indexOf('/') + 1);
      if (input.isEmpty()) { // the last one of each run
        long[] rows = tensor.tensor().toLongs();
        runs.add(new Run(inputs, (int) rows[0], (int) rows[1]));
        inputs = new LinkedHashMap<>();
      } else {
        inputs.put(input, TensorBuffer.of(tensor.tensor()));
      }
    }
    return runs;
  }
}
