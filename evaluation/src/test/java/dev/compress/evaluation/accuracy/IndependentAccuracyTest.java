package dev.compress.evaluation.accuracy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.Compress;
import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.data.SampleRun;
import dev.compress.evaluation.worker.VariantPlace;
import dev.compress.evaluation.worker.VariantWorker;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What variants predict, float and int8, sample by sample, against {@link SecondPath}: another
 * reader, another batch, another session.
 */
class IndependentAccuracyTest {
  private static final int IMAGES = 1000;

  @TempDir Path folder;

  private interface Second {
    int[] classes(SecondPath model) throws Exception;
  }

  private static Path shared(String below) {
    Path root = SharedData.data().orElse(null);
    assumeTrue(root != null, SharedData.WHY_ABSENT);
    return Objects.requireNonNull(root).resolve(below);
  }

  private static DataDescriptor descriptor(String name) {
    return DataDescriptor.read(Path.of("benchmarks", "descriptors", name + ".yaml"));
  }

  /** The int8 form of a model, by the tool. */
  private Path int8(Path model, Dataset calibration) {
    Path output = folder.resolve("int8.onnx");
    Recipe recipe = Recipe.EMPTY.withQuantize("int8").withProof("none");
    Compress.with(recipe).calibratingOn(calibration.take(50)).run(model, output, false);
    return output;
  }

  private static Score score(Path file, Dataset data) {
    OnnxModel model = OnnxReader.read(file).model();
    SampleRun run = DatasetSamples.runOf(data, model.graph());
    List<String> outputs = model.graph().outputs().stream().map(ValueInfo::name).toList();
    try (VariantWorker worker = VariantWorker.load(file, 1, VariantPlace.CPU, Progress.NONE)) {
      return AccuracyRun.measure(
              List.of(new ScoredModel("m", run, outputs, false, in -> worker.infer(in, outputs))),
              data,
              Progress.NONE)
          .get(0);
    }
  }

  private static int[] check(Path file, Dataset data, Second second) throws Exception {
    Score score = score(file, data);
    int[] expected;
    try (SecondPath path = new SecondPath(file)) {
      expected = second.classes(path);
    }
    int[] predicted = score.labels().orElseThrow().predicted();
    assertThat(predicted).containsExactly(expected);
    return predicted;
  }

  @Test
  void digitsFromIdxFiles() throws Exception {
    Path images = shared("datasets/mnist/t10k-images-idx3-ubyte.gz");
    Path model = shared("models/mnist-cntk-opset8/model.onnx");
    try (Dataset data = Dataset.open(images, descriptor("mnist-cntk-opset8"))) {
      Dataset part = data.take(IMAGES);
      int[] exact = check(model, part, path -> path.mnist(images, IMAGES));
      int[] rounded = check(int8(model, data), part, path -> path.mnist(images, IMAGES));
      assertThat(rounded).hasSameSizeAs(exact);
    }
  }

  @Test
  void picturesFromRawRecords() throws Exception {
    Path records = shared("datasets/cifar10/test1k.bin.gz");
    Path model = shared("models/resnet8-cifar10-nhwc/model.onnx");
    try (Dataset data = Dataset.open(records, descriptor("resnet8-cifar10-nhwc"))) {
      int[] exact = check(model, data, path -> path.cifar(records, 1000));
      int[] rounded = check(int8(model, data), data, path -> path.cifar(records, 1000));
      assertThat(rounded).as("another model predicts otherwise somewhere").isNotEqualTo(exact);
    }
  }

  @Test
  void wordsFromFeaturesWithLabelsInAFileOfTheirOwn() throws Exception {
    Path features = shared("datasets/speech-commands/mfcc_49x10_f32le.bin.gz");
    try (Dataset data = Dataset.open(features, descriptor("kws-dscnn-test"))) {
      for (String model : List.of("kws-dscnn", "kws-dscnn-qdq-int8")) {
        check(
            shared("models/" + model + "/model.onnx"),
            data.take(IMAGES),
            path -> path.keywords(features, 300, IMAGES));
      }
    }
  }

  @Test
  void sentencesFromCsv() throws Exception {
    Path csv = shared("models/text-transformer-banking77/test_ids.csv");
    Path model = shared("models/text-transformer-banking77/model.onnx");
    try (Dataset data = Dataset.open(csv, descriptor("text-transformer-banking77"))) {
      check(model, data.take(500), path -> path.sentences(csv, 500));
    }
  }

  /**
   * Published with the model: 99.58% of 240 clips, with the state carried from window to window.
   */
  @Test
  void speechFromWavesWithAStateThatIsCarriedOn() throws Exception {
    Path wavs = shared("datasets/speech-commands/wav");
    Path model = shared("models/silero-vad-half/model.onnx");
    Path labels = folder.resolve("labels.csv");
    write(labels, wavs);
    DataDescriptor descriptor =
        DataDescriptor.parse(
            Files.readString(Path.of("benchmarks", "descriptors", "silero-vad.yaml"))
                + "labels: {file: "
                + labels
                + "}\nmetric: top1\nthreshold: 0.5\n");
    try (Dataset data = Dataset.open(wavs, descriptor)) {
      assertThat(score(model, data).accuracy().orElseThrow().value())
          .isCloseTo(0.9958, within(5e-5));
      check(model, data, path -> path.speech(wavs));
      check(int8(model, data), data, path -> path.speech(wavs));
    }
  }

  private static void write(Path labels, Path wavs) throws IOException {
    Files.writeString(
        labels,
        SecondPath.wavs(wavs).stream()
            .map(f -> f.toString().contains("_silence_") ? "0" : "1")
            .collect(Collectors.joining("\n", "label\n", "\n")));
  }
}
