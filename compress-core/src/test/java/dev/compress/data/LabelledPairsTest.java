package dev.compress.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.metric.LabelScorer;
import dev.compress.metric.Metric;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The whole way from file to score: every labelled pair of the shared data, run in ONNX Runtime,
 * scores what is published with it. A wrong pixel order, scale, label or metric would show.
 */
class LabelledPairsTest {
  @ParameterizedTest(name = "{0}: {3} %")
  @CsvSource({
    "mnist-cntk-opset8, model.onnx, datasets/mnist/t10k, 98.91",
    "mnist-mlp-onnx-mlir, model.onnx, datasets/mnist/t10k, 92.54",
    "mnist-self-attention, model.onnx, datasets/mnist/t10k, 97.41",
    "mnist-external-data, mnist.onnx, datasets/mnist/t10k, 94.66",
    "resnet8-cifar10-nhwc, model.onnx, datasets/cifar10/test1k.bin.gz, 88.10",
    "cifar10-cnn-winml, model.onnx, datasets/cifar10/test1k.bin.gz, 65.50",
    "cifar10-wide-marabou, model.onnx, datasets/cifar10/test1k.bin.gz, 63.60",
    "kws-dscnn, model.onnx, datasets/speech-commands/mfcc_49x10_f32le.bin.gz, 92.01",
    "fashion-resnet-opset9, model.onnx, datasets/fashion-mnist/testA5k, 90.78",
    "fashion-mobilenet-extdata, model.onnx, datasets/fashion-mnist/testA5k, 89.02",
    "text-transformer-banking77, model.onnx, models/text-transformer-banking77/test_ids.csv, 90.29",
    "gesture-keypoint-mlp, model.onnx, datasets/gesture-keypoint/keypoint.csv, 96.52",
  })
  void scoresWhatIsPublished(String model, String file, String path, double percent) {
    Path root = SharedData.data().orElse(null);
    assumeTrue(root != null, SharedData.WHY_ABSENT);
    Path data = Objects.requireNonNull(root);
    try (Dataset dataset = Dataset.open(data.resolve(path), SharedDatasetsTest.descriptor(model));
        InferenceSession session =
            InferenceSession.open(
                data.resolve("models").resolve(model).resolve(file), SessionOptions.of(1))) {
      Dataset bound = dataset.bind(session.inputs().stream().map(InputSpec::of).toList());
      Metric metric = dataset.metric().orElseThrow();
      LabelScorer scorer = new LabelScorer(metric);
      for (Batch batch : bound.batches(64)) {
        Map<String, TensorBuffer> outputs = session.run(batch.inputs());
        scorer.add(outputs.values().iterator().next(), batch.labels());
      }
      assertThat(scorer.samples()).isEqualTo((int) dataset.sampleCount());
      assertThat(100 * scorer.result().value()).isCloseTo(percent, within(0.0051));
    }
  }
}
