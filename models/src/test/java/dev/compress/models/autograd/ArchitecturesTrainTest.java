package dev.compress.models.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;
import dev.compress.graph.Dim;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.architecture.Architecture;
import dev.compress.models.architecture.BuildSettings;
import dev.compress.models.architecture.ImageSize;
import dev.compress.models.random.SplitMix64;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each reference architecture learns: steps along the gradient lower the loss of a batch. */
class ArchitecturesTrainTest {
  private static final int BATCH = 8;
  private static final int TOKENS = 12;
  private static final Loss LOSS = Loss.softmaxCrossEntropyLoss();

  @ParameterizedTest
  @CsvSource({
    "LENET_300_100, 1x28x28, 10, 0.02",
    "LENET_5, 1x28x28, 10, 0.002",
    "RESNET8, 3x32x32, 10, 0.02",
    "RESNET20, 3x32x32, 10, 0.02",
    "RESNET18, 3x32x32, 1000, 0.02",
    "MOBILENETV2, 3x32x32, 1000, 0.02",
    "DS_CNN, , 12, 0.02",
    "TRANSFORMER, , 2, 0.002",
    "LSTM, , 2, 0.02",
    "RESNET50, 3x224x224, 1000, 0.001"
  })
  void stepsLowerTheLoss(
      Architecture architecture, @Nullable String image, int classes, float rate) {
    Optional<ImageSize> size =
        architecture == Architecture.DS_CNN
                || architecture == Architecture.RESNET50
                || image == null
            ? Optional.empty()
            : Optional.of(ImageSize.parse(image));
    OnnxModel model =
        architecture.build(
            1,
            new BuildSettings(
                OptionalInt.empty(), OptionalDouble.empty(), size, OptionalInt.empty()));
    assertThat(TrainableGraph.unsupported(model)).isEmpty();
    boolean large = architecture == Architecture.RESNET50; // a step takes a second
    int batch = large ? 2 : BATCH;
    try (NDManager manager = TestEngine.manager();
        TrainableGraph graph = TrainableGraph.of(model, manager)) {
      Map<String, NDArray> inputs = inputs(model, batch, manager);
      float[] labels = new float[batch];
      for (int i = 0; i < batch; i++) {
        labels[i] = i % classes;
      }
      NDArray wanted = manager.create(labels);
      double first = step(graph, manager, inputs, wanted, rate);
      double second = step(graph, manager, inputs, wanted, rate);
      assertThat(second).isLessThan(first);
      int owned = graph.owned();
      double last = second;
      for (int i = 0; i < (large ? 1 : 5); i++) {
        last = step(graph, manager, inputs, wanted, rate);
      }
      assertThat(last).isLessThan(second);
      assertThat(graph.owned()).as("arrays left behind").isEqualTo(owned);
      assertSameInRuntime(graph, manager, inputs);
    }
  }

  /** The list above is that of {@code models build} but for what is there to measure with. */
  @Test
  void noArchitectureIsForgotten() throws NoSuchMethodException {
    CsvSource listed =
        ArchitecturesTrainTest.class
            .getDeclaredMethod(
                "stepsLowerTheLoss", Architecture.class, String.class, int.class, float.class)
            .getAnnotation(CsvSource.class);
    Set<String> trained =
        Arrays.stream(listed.value())
            .map(line -> line.split(",", 2)[0])
            .collect(Collectors.toSet());
    trained.addAll(Set.of("BERT", "MATMUL_STACK")); // 436 MB and 8 GiB of weights
    assertThat(Architecture.values()).extracting(Enum::name).hasSameElementsAs(trained);
  }

  private static double step(
      TrainableGraph graph,
      NDManager manager,
      Map<String, NDArray> inputs,
      NDArray labels,
      float rate) {
    double value;
    try (NDManager scope = manager.newSubManager()) {
      try (GradientCollector collector = TestEngine.engine().newGradientCollector()) {
        NDList outputs = graph.forward(scope, inputs, true, List.of());
        NDArray loss = LOSS.evaluate(new NDList(labels), outputs);
        collector.backward(loss);
        value = loss.getFloat();
      }
      for (Parameter parameter : graph.parameters()) {
        if (parameter.trainable()) {
          NDArray gradient = parameter.array().getGradient();
          gradient.attach(scope);
          parameter.array().subi(gradient.mul(rate));
          gradient.subi(gradient);
        }
      }
    }
    return value;
  }

  private static void assertSameInRuntime(
      TrainableGraph graph, NDManager manager, Map<String, NDArray> inputs) {
    Map<String, TensorBuffer> feeds = new LinkedHashMap<>();
    inputs.forEach(
        (name, array) -> {
          dev.compress.tensor.Shape shape =
              dev.compress.tensor.Shape.of(array.getShape().getShape());
          feeds.put(
              name,
              array.getDataType() == DataType.INT64
                  ? TensorBuffer.of(shape, array.toLongArray())
                  : TensorBuffer.of(shape, array.toFloatArray()));
        });
    try (InferenceSession session = InferenceSession.open(graph.write(), SessionOptions.of(1));
        NDManager scope = manager.newSubManager()) {
      float[] ours = graph.forward(scope, inputs, false, List.of()).head().toFloatArray();
      float[] theirs = session.run(feeds).values().iterator().next().toFloats();
      double largest = 0;
      double worst = 0;
      for (int i = 0; i < ours.length; i++) {
        largest = Math.max(largest, Math.abs(theirs[i]));
        worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
      }
      assertThat(worst).isLessThanOrEqualTo(1e-4 * largest);
    }
  }

  /** Normal numbers, or tokens, in place of the free dims a batch and a sentence. */
  private static Map<String, NDArray> inputs(OnnxModel model, int batch, NDManager manager) {
    Map<String, NDArray> inputs = new LinkedHashMap<>();
    SplitMix64 random = new SplitMix64(4);
    for (ValueInfo input : model.graph().inputs()) {
      ValueType.TensorType type = (ValueType.TensorType) input.type();
      List<Dim> dims = type.shape().orElseThrow();
      long[] shape = new long[dims.size()];
      for (int i = 0; i < shape.length; i++) {
        shape[i] = dims.get(i) instanceof Dim.Fixed fixed ? fixed.size() : i == 0 ? batch : TOKENS;
      }
      int count = Math.toIntExact(dev.compress.tensor.Shape.of(shape).elementCount());
      boolean tokens = type.element().name().equals("int64");
      float[] floats = new float[count];
      long[] longs = new long[count];
      for (int i = 0; i < count; i++) {
        floats[i] = (float) random.nextGaussian();
        boolean binary = input.name().contains("mask") || input.name().contains("type");
        longs[i] = binary ? (input.name().contains("mask") ? 1 : 0) : random.nextInt(100);
      }
      inputs.put(
          input.name(),
          tokens
              ? manager.create(longs, new Shape(shape))
              : manager.create(floats, new Shape(shape)));
    }
    return inputs;
  }
}
