package dev.compress.proof;

import dev.compress.calibrate.Samples;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A few inputs in a file: the initializers of a model without nodes, named {@code index/input}. */
final class SampleFile {
  private SampleFile() {}

  static int write(Samples samples, int most, Path file) {
    List<Initializer> tensors = new ArrayList<>();
    int[] count = {0};
    long stride = Math.max(1, samples.count() / most);
    long[] at = {0};
    samples.forEachBatch(
        1,
        (inputs, n) -> {
          if (at[0]++ % stride == 0) {
            int index = count[0]++;
            inputs.forEach(
                (name, tensor) ->
                    tensors.add(Initializer.of(index + "/" + name, tensor.toTensor())));
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

  static List<Map<String, TensorBuffer>> read(Path file) {
    List<Map<String, TensorBuffer>> samples = new ArrayList<>();
    for (Initializer tensor : OnnxReader.read(file).model().graph().initializers()) {
      int slash = tensor.name().indexOf('/');
      int index = Integer.parseInt(tensor.name().substring(0, slash));
      while (samples.size() <= index) {
        samples.add(new LinkedHashMap<>());
      }
      samples.get(index).put(tensor.name().substring(slash + 1), TensorBuffer.of(tensor.tensor()));
    }
    return samples;
  }
}
