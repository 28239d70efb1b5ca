package dev.compress.models.training;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.LearningRate;
import dev.compress.train.Objective;
import dev.compress.train.OptimizerSettings;
import dev.compress.train.Structure;
import dev.compress.train.Task;
import dev.compress.train.TrainingData;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingSettings;
import dev.compress.train.TrainingSettings.RunSettings;
import java.util.List;
import java.util.Map;

/** A small network, small data, and a job of both. */
final class TrainingFixtures {
  static final int CLASSES = 3;

  private TrainingFixtures() {}

  static void assumeNatives() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "the build carries the training natives of Linux x64 only");
  }

  /** Four inputs, {@code hidden}, three classes. */
  static OnnxModel network(int hidden, long seed) {
    List<Node> nodes =
        List.of(
            Node.of("Gemm", "one", List.of("x", "w1", "b1"), List.of("h")),
            Node.of("Relu", "relu", List.of("h"), List.of("a")),
            Node.of("Gemm", "two", List.of("a", "w2", "b2"), List.of("y")));
    SplitMix64 random = new SplitMix64(seed);
    List<Initializer> weights =
        List.of(
            Initializer.of("w1", normal(random, 0.7, 4, hidden)),
            Initializer.of("b1", normal(random, 0, hidden)),
            Initializer.of("w2", normal(random, 0.5, hidden, CLASSES)),
            Initializer.of("b2", normal(random, 0, CLASSES)));
    ValueInfo x = value("x", 4);
    return OnnxModel.of(8, 17, Graph.of("net", nodes, weights, List.of(x), List.of(value("y", 3))));
  }

  private static ValueInfo value(String name, long width) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(width))));
  }

  static Tensor normal(SplitMix64 random, double deviation, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }

  /** Overlapping clouds, one a class. */
  static Dataset data(int samples, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    float[] values = new float[samples * 4];
    long[] labels = new long[samples];
    for (int i = 0; i < samples; i++) {
      labels[i] = i % CLASSES;
      for (int j = 0; j < 4; j++) {
        values[i * 4 + j] = (float) (random.nextGaussian() + (j == labels[i] ? 2.5 : 0));
      }
    }
    return dataset(values, labels);
  }

  static Dataset dataset(float[] values, long[] labels) {
    return Dataset.of(
        "blobs",
        Map.of("x", TensorBuffer.of(Shape.of(values.length / 4, 4), values)),
        labels,
        DataDescriptor.NONE);
  }

  static TrainingSettings settings(int epochs, OptimizerSettings rule, double rate) {
    return new TrainingSettings(
        epochs,
        16,
        rule,
        LearningRate.cosine(rate),
        TrainingSettings.DEFAULT.augmentation(),
        new RunSettings(3, 1, 0));
  }

  static TrainingJob job(OnnxModel model, Dataset data, TrainingSettings settings) {
    Dataset bound = data.bind(DatasetSamples.inputsOf(model.graph()));
    return new TrainingJob(
        model,
        TrainingData.split(bound, settings.run().seed()),
        Objective.of(Task.CLASSIFICATION),
        settings,
        Structure.NONE,
        TrainingFiles.NONE);
  }

  static TrainingJob with(TrainingJob job, TrainingFiles files) {
    return new TrainingJob(
        job.model(), job.data(), job.objective(), job.settings(), job.structure(), files);
  }

  static TrainingJob with(TrainingJob job, Structure structure) {
    return new TrainingJob(
        job.model(), job.data(), job.objective(), job.settings(), structure, job.files());
  }

  static float[] weights(OnnxModel model, String name) {
    return model.graph().initializers().stream()
        .filter(i -> i.name().equals(name))
        .findFirst()
        .orElseThrow()
        .tensor()
        .toFloats();
  }
}
