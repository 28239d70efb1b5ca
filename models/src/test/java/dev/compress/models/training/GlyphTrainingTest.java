package dev.compress.models.training;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.compress.error.CancelledException;
import dev.compress.models.SampleRecipe;
import dev.compress.models.architecture.GlyphNet;
import dev.compress.models.architecture.RandomWeights;
import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GlyphTrainingTest {
  private static final int CLASSES = 34;
  private static final int SEED = 5;

  @BeforeAll
  static void nativesAreThere() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "the build carries the training natives of Linux x64 only");
  }

  /**
   * The same network twice: what the engine computes is what ONNX Runtime computes of the export.
   */
  @Test
  void theExportedModelComputesWhatWasTrained() {
    float[] pixels =
        new RandomWeights(1)
            .weight("pixels", dev.compress.tensor.Shape.of(3, 1, 28, 28), new Normal(0, 1))
            .toFloats();
    OfflineEngine.singleThreaded();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      GlyphClassifier block = new GlyphClassifier(CLASSES, new RandomWeights(SEED));
      block.initialize(manager, DataType.FLOAT32, new Shape(3, 1, 28, 28));
      ParameterStore store = new ParameterStore(manager, false);
      NDArray images = manager.create(pixels, new Shape(3, 1, 28, 28));
      // moves the running statistics, so that a mix-up of mean and variance shows
      block.forward(store, new NDList(images), true);
      float[] expected =
          block.forward(store, new NDList(images), false).singletonOrThrow().toFloatArray();
      TrainedWeights weights = new TrainedWeights(block.weights());
      try (InferenceSession session =
          InferenceSession.open(GlyphNet.build(weights, CLASSES, Map.of()), SessionOptions.of(1))) {
        TensorBuffer input = TensorBuffer.of(dev.compress.tensor.Shape.of(3, 1, 28, 28), pixels);
        TensorBuffer logits = requireNonNull(session.run(Map.of("image", input)).get("logits"));
        assertThat(logits.toFloats()).containsExactly(expected, within(1e-3f));
        assertThat(expected[0]).isNotEqualTo(expected[1]);
      }
    }
  }

  @Test
  void trainingLearns() {
    GlyphTraining.Result result = new GlyphTraining(3840, SEED).run(340, Progress.NONE);
    // who knows nothing has ln 34
    assertThat(result.finalLoss()).isLessThan(0.9 * Math.log(CLASSES));
    assertThat(result.validationAccuracy()).isBetween(0.0, 1.0);
  }

  @Test
  void trainingIsRepeatable() {
    GlyphTraining training = new GlyphTraining(256, SEED);
    Map<String, float[]> first = training.run(34, Progress.NONE).weights().values();
    Map<String, float[]> second = training.run(34, Progress.NONE).weights().values();
    assertThat(second.keySet()).isEqualTo(first.keySet());
    first.forEach((name, values) -> assertThat(second.get(name)).as(name).isEqualTo(values));
    Map<String, float[]> other =
        new GlyphTraining(256, SEED + 1).run(34, Progress.NONE).weights().values();
    assertThat(other.get("head.weight")).isNotEqualTo(first.get("head.weight"));
  }

  @Test
  void stopsWhenAsked() {
    Progress cancelled =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return true;
          }
        };
    assertThatThrownBy(() -> new GlyphTraining(128, SEED).run(1, cancelled))
        .isInstanceOf(CancelledException.class);
  }

  @Test
  void theRecipeIsFoundThroughItsPort() {
    assertThat(ServiceLoader.load(SampleRecipe.class))
        .hasExactlyElementsOfTypes(GlyphsRecipe.class);
  }

  @Test
  void aWeightThatWasNotTrainedIsAnError() {
    TrainedWeights weights = new TrainedWeights(Map.of("a", new float[] {1, 2}));
    assertThatThrownBy(
            () -> weights.weight("b", dev.compress.tensor.Shape.of(2), Normal.constant(0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> weights.weight("a", dev.compress.tensor.Shape.of(3), Normal.constant(0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(
            weights.weight("a", dev.compress.tensor.Shape.of(1, 2), Normal.constant(0)).toFloats())
        .containsExactly(1, 2);
  }
}
