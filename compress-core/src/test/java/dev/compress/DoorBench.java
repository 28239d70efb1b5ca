package dev.compress;

import dev.compress.data.Batch;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.data.InputSpec;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A small model on disk, data for it, and the door to put it through. */
abstract class DoorBench {
  static final int WIDTH = 128;
  static final int HIDDEN = 512;
  static final int SAMPLES = 64;

  @TempDir Path folder;
  Path input = Path.of("");
  Path output = Path.of("");

  @BeforeEach
  void writeModel() throws IOException {
    input = folder.resolve("model.onnx");
    output = folder.resolve("model.int8.onnx");
    Files.write(input, OnnxWriter.toBytes(classifier()));
  }

  static Tensor normal(int seed, double deviation, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    Random random = new Random(seed);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }

  /** Two layers, of which the first ignores its first feature. */
  static OnnxModel classifier() {
    float[] first = normal(1, 0.1, WIDTH, HIDDEN).toFloats();
    java.util.Arrays.fill(first, 0, HIDDEN, 0);
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "classifier",
            List.of(
                Node.of("Gemm", "first", List.of("x", "w1", "b1"), List.of("h")),
                Node.of("Relu", "relu", List.of("h"), List.of("r")),
                Node.of("Gemm", "second", List.of("r", "w2", "b2"), List.of("y"))),
            List.of(
                Initializer.of("w1", Tensor.ofFloats(Shape.of(WIDTH, HIDDEN), first)),
                Initializer.of("b1", normal(2, 0.1, HIDDEN)),
                Initializer.of("w2", normal(3, 0.1, HIDDEN, WIDTH)),
                Initializer.of("b2", normal(4, 0.1, WIDTH))),
            List.of(matrix("x")),
            List.of(matrix("y"))));
  }

  static ValueInfo matrix(String name) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(WIDTH))));
  }

  /** Samples whose first feature is huge, labelled by the float model itself. */
  Dataset data(double firstFeature) {
    float[] values = normal(9, 1, SAMPLES, WIDTH).toFloats();
    for (int i = 0; i < SAMPLES; i++) {
      values[i * WIDTH] *= (float) firstFeature;
    }
    TensorBuffer x = TensorBuffer.of(Tensor.ofFloats(Shape.of(SAMPLES, WIDTH), values));
    long[] labels = new long[SAMPLES];
    try (InferenceSession session = InferenceSession.open(input, SessionOptions.of(1))) {
      float[] scores = Objects.requireNonNull(session.run(Map.of("x", x)).get("y")).toFloats();
      for (int i = 0; i < SAMPLES; i++) {
        for (int c = 1; c < WIDTH; c++) {
          if (scores[i * WIDTH + c] > scores[i * WIDTH + (int) labels[i]]) {
            labels[i] = c;
          }
        }
      }
    }
    return Dataset.of("samples", Map.of("x", x), labels, DataDescriptor.NONE);
  }

  Recipe recipe(String... lines) throws IOException {
    Path file = folder.resolveSibling(folder.getFileName() + ".yaml");
    Files.writeString(file, "quantize: int8\ntarget: cpu-vnni\n" + String.join("\n", lines) + "\n");
    try {
      return RecipeFile.read(file);
    } finally {
      Files.delete(file);
    }
  }

  List<String> filesLeft() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  /** Stages of the work that a run told of. */
  static final class Stages implements Progress {
    final List<String> begun = new ArrayList<>();

    @Override
    public void begin(String stage, long steps) {
      begun.add(stage);
    }

    @Override
    public void advance(long steps) {}

    @Override
    public boolean cancelled() {
      return false;
    }
  }

  byte[] bytesOf(Compress door) throws IOException {
    door.run(input, output, true);
    return Files.readAllBytes(output);
  }

  double agreementWithLabels(Dataset data) {
    int right = 0;
    try (InferenceSession session = InferenceSession.open(output, SessionOptions.of(1))) {
      Dataset bound = data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, WIDTH)));
      for (Batch batch : bound.batches(1)) {
        float[] y = Objects.requireNonNull(session.run(batch.inputs()).get("y")).toFloats();
        int label = (int) batch.labels()[0];
        boolean largest = true;
        for (float score : y) {
          largest &= score <= y[label];
        }
        right += largest ? 1 : 0;
      }
    }
    return (double) right / SAMPLES;
  }

  Recipe recipeFor(String format, String target) throws IOException {
    Path file = folder.resolveSibling(folder.getFileName() + ".yaml");
    Files.writeString(file, "quantize: " + format + "\ntarget: " + target + "\nstrict: true\n");
    try {
      return RecipeFile.read(file);
    } finally {
      Files.delete(file);
    }
  }
}
