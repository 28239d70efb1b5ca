package dev.compress.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.Architecture;
import dev.compress.models.architecture.BuildSettings;
import dev.compress.models.random.SplitMix64;
import dev.compress.progress.Progress;
import dev.compress.search.ModelScore;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.OptimizerSettings;
import dev.compress.train.TrainingData;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingResult;
import dev.compress.train.TrainingSummary.Epoch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recurrent network learns of the order of a sequence what no bag of its tokens tells. */
class SequencesTrainTest {
  private static final int STEPS = 8;
  private static final int VOCABULARY = 6;

  /** Tokens 0 and 1 stand once in every sentence, among others; the class says which is first. */
  private static Dataset sentences(int count, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    long[] ids = new long[count * STEPS];
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      for (int t = 0; t < STEPS; t++) {
        ids[i * STEPS + t] = 2L + random.nextInt(VOCABULARY - 2);
      }
      int first = random.nextInt(STEPS - 1);
      int second = first + 1 + random.nextInt(STEPS - 1 - first);
      labels[i] = random.nextInt(2);
      ids[i * STEPS + first] = labels[i];
      ids[i * STEPS + second] = 1 - labels[i];
    }
    return Dataset.of(
        "order",
        Map.of("input_ids", TensorBuffer.of(Shape.of(count, STEPS), ids)),
        labels,
        DataDescriptor.NONE);
  }

  private static OnnxModel lstm() {
    return Architecture.LSTM.build(
        1,
        new BuildSettings(
            OptionalInt.of(2),
            OptionalDouble.empty(),
            Optional.empty(),
            OptionalInt.of(VOCABULARY)));
  }

  @Test
  void anLstmLearnsOrder() {
    TrainingFixtures.assumeNatives();
    OnnxModel model = lstm();
    TrainingJob job =
        TrainingFixtures.job(
            model, sentences(1200, 2), TrainingFixtures.settings(5, OptimizerSettings.ADAMW, 5e-3));
    TrainingResult result = TrainingRun.of(job, Progress.NONE).run();
    List<Epoch> epochs = result.summary().epochs();
    assertThat(epochs.get(epochs.size() - 1).loss()).isLessThan(0.5 * epochs.get(0).loss());
    Dataset test = sentences(400, 9);
    assertThat(accuracy(model, test)).isBetween(0.3, 0.7);
    assertThat(accuracy(result.model(), test)).as("by ONNX Runtime").isGreaterThan(0.9);
  }

  private static double accuracy(OnnxModel of, Dataset data) {
    return new ModelScore(DatasetSamples.runOf(data, of.graph()), 1, Progress.NONE)
        .score(of)
        .value();
  }

  /** A state that goes from window to window has no gradient here: it is said, not ignored. */
  @Test
  void sequencesOfSeveralRunsAreRefused(@TempDir Path folder) throws IOException {
    Path descriptor = folder.resolve("d.yaml");
    Files.writeString(descriptor, "sequence: {window: 4, axis: 0}\n");
    Path csv = folder.resolve("d.csv");
    Files.writeString(csv, "a,b,c,d,label\n1,2,3,4,0\n1,2,3,5,1\n");
    try (Dataset data = Dataset.open(csv, DataDescriptor.read(descriptor))) {
      assertThatThrownBy(() -> TrainingData.bind(data, lstm()))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("window by window")
          .hasMessageContaining("Leave sequence: out");
    }
  }
}
