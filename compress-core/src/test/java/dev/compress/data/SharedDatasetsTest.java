package dev.compress.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.metric.Metric;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every labelled pair of the shared data with the descriptor that the benchmarks use: counts, label
 * histograms, sums and first values as NumPy computes them from the same files.
 */
class SharedDatasetsTest {
  static DataDescriptor descriptor(String name) {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      Path file = folder.resolve("evaluation/benchmarks/descriptors/" + name + ".yaml");
      if (Files.exists(file)) {
        return DataDescriptor.read(file);
      }
    }
    throw new IllegalStateException("No descriptor " + name);
  }

  private static Dataset open(String kind, String path, String descriptor) {
    Path root = SharedData.data().orElse(null);
    assumeTrue(root != null, SharedData.WHY_ABSENT);
    Path file = Objects.requireNonNull(root).resolve(kind).resolve(path);
    return Dataset.open(file, descriptor(descriptor));
  }

  private static List<Long> histogram(Dataset data) {
    return List.copyOf(data.labelCounts().values());
  }

  /** The sum of all values and the first sample's. */
  private static double[] sums(Dataset data, String input) {
    double all = 0;
    double first = 0;
    for (Batch batch : data.batches(250)) {
      TensorBuffer tensor = batch.input(input);
      int count = (int) tensor.shape().elementCount();
      double[] values = Numbers.toDoubles(tensor.type(), tensor.bytes(), count, input);
      int perSample = count / batch.rows();
      for (int i = 0; i < perSample * batch.count(); i++) {
        all += values[i];
        first += batch.first() == 0 && i < perSample ? values[i] : 0;
      }
    }
    return new double[] {all, first};
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "mnist/t10k|mnist-cntk-opset8|1 1 28 28|264923200|18454|"
            + "980 1135 1032 1010 982 892 958 1028 974 1009",
        "mnist/t10k-images-idx3-ubyte.gz|mnist-self-attention|1 28 28 1|264923200|18454|"
            + "980 1135 1032 1010 982 892 958 1028 974 1009",
        "mnist/t10k|mnist-mlp-onnx-mlir|1 1 28 28|264923200|18454|"
            + "980 1135 1032 1010 982 892 958 1028 974 1009",
        "mnist/t10k|mnist-external-data|1 1 28 28|264923200|18454|"
            + "980 1135 1032 1010 982 892 958 1028 974 1009",
        "mnist/train|mnist-cntk-opset8|1 1 28 28|1567298545|27525|"
            + "5923 6742 5958 6131 5842 5421 5918 6265 5851 5949",
        "fashion-mnist/testA5k|fashion-resnet-opset9|-1 1 28 28|284923834|90317|"
            + "485 466 497 507 495 519 499 514 516 502",
        "fashion-mnist/testA5k|fashion-mobilenet-extdata|-1 1 28 28|284923834|90317|"
            + "485 466 497 507 495 519 499 514 516 502",
      })
  void digitsAndFashion(
      String path, String model, String dims, double sum, double first, String histogram) {
    try (Dataset data = open("datasets", path, model)) {
      Dataset bound = data.bind(List.of(InputSpec.of("anything", ElementType.FLOAT, dims(dims))));
      double scale = model.equals("mnist-cntk-opset8") ? 1 : 1 / 255.0;
      boolean normalized = model.equals("mnist-mlp-onnx-mlir") || model.contains("external");
      double mean = normalized ? 0.1307 : 0;
      double std = normalized ? 0.3081 : 1;
      double[] sums = sums(bound, "anything");
      double expected = (sum * scale - mean * 784 * data.sampleCount()) / std;
      assertThat(sums[0]).isCloseTo(expected, within(Math.abs(expected) * 1e-6 + 1));
      assertThat(sums[1]).isCloseTo((first * scale - mean * 784) / std, within(1e-2));
      assertThat(histogram(data)).containsExactlyElementsOf(longs(histogram));
      assertThat(bound.notes()).isEmpty();
      assertThat(data.metric()).contains(Metric.TOP1);
    }
  }

  private static long[] dims(String text) {
    return longs(text).stream().mapToLong(l -> l).toArray();
  }

  private static List<Long> longs(String text) {
    List<Long> all = new ArrayList<>();
    for (String part : text.strip().split(" ", -1)) {
      all.add(Long.parseLong(part));
    }
    return all;
  }

  @Test
  void severalPairsInAFolderAreListed() {
    Path folder = SharedData.dataset("mnist").orElse(null);
    assumeTrue(folder != null, SharedData.WHY_ABSENT);
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> Dataset.open(Objects.requireNonNull(folder)))
        .hasMessageContaining("t10k-images-idx3-ubyte.gz")
        .hasMessageContaining("train-images-idx3-ubyte.gz");
  }

  @ParameterizedTest
  @CsvSource({
    "test1k, resnet8-cifar10-nhwc, 1000, 374560331",
    "test1k, cifar10-cnn-winml, 1000, 374560331",
    "test1k, cifar10-wide-marabou, 1000, 374560331",
    "train3k, resnet8-cifar10-nhwc, 3000, 1109926537",
  })
  void cifarRecords(String part, String model, long samples, double sum) {
    boolean last = model.contains("nhwc");
    try (Dataset data = open("datasets", "cifar10/" + part + ".bin.gz", model)) {
      assertThat(data.sampleCount()).isEqualTo(samples);
      assertThat(data.classNames()).hasSize(10).startsWith("airplane").endsWith("truck");
      if (part.equals("test1k")) {
        assertThat(histogram(data))
            .containsExactly(103L, 89L, 100L, 103L, 90L, 86L, 112L, 102L, 106L, 109L);
        assertThat(data.batches(1).iterator().next().labels()).containsExactly(3);
      }
      Dataset bound =
          data.bind(
              List.of(
                  last
                      ? InputSpec.of("in", ElementType.FLOAT, -1, 32, 32, 3)
                      : InputSpec.of("in", ElementType.FLOAT, 1, 3, 32, 32)));
      float[] first = bound.batches(1).iterator().next().input("in").toFloats();
      double total = sums(bound, "in")[0];
      double pixels = samples * 1024.0;
      switch (model) {
        case "resnet8-cifar10-nhwc" -> {
          assertThat(total).isEqualTo(sum);
          if (part.equals("test1k")) {
            // Red 158, then green 112 of the same pixel.
            assertThat(first[0]).isEqualTo(158);
            assertThat(first[1]).isEqualTo(112);
            assertThat(first[3]).isEqualTo(159);
          }
        }
        case "cifar10-cnn-winml" -> {
          assertThat(total).isCloseTo(sum / 127.5 - 3 * pixels, within(5.0));
          assertThat(first[0]).isEqualTo((float) (158 / 127.5 - 1));
          assertThat(first[1024]).isEqualTo((float) (112 / 127.5 - 1));
        }
        default -> {
          assertThat(total)
              .isCloseTo((sum / 255 - pixels * (0.485 + 0.456 + 0.406)) / 0.225, within(5.0));
          assertThat(first[0]).isCloseTo((float) ((158 / 255.0 - 0.485) / 0.225), within(1e-6f));
          assertThat(first[1024]).isCloseTo((float) ((112 / 255.0 - 0.456) / 0.225), within(1e-6f));
        }
      }
    }
  }

  @Test
  void speechFeatures() {
    InputSpec spec = InputSpec.of("input_1", ElementType.FLOAT, -1, 49, 10, 1);
    String path = "speech-commands/mfcc_49x10_f32le.bin.gz";
    try (Dataset all = open("datasets", path, "kws-dscnn");
        Dataset test = open("datasets", path, "kws-dscnn-test");
        Dataset calibration = open("datasets", path, "kws-dscnn-calibration")) {
      assertThat(all.sampleCount()).isEqualTo(3154);
      assertThat(histogram(all))
          .containsExactly(260L, 248L, 271L, 269L, 262L, 258L, 252L, 265L, 285L, 265L, 268L, 251L);
      assertThat(sums(all.bind(List.of(spec)), "input_1")[0])
          .isCloseTo(-2367351.0197702153, within(1e-6));
      float[] first =
          all.bind(List.of(spec)).batches(1).iterator().next().input("input_1").toFloats();
      assertThat(first).startsWith(6.329935f, 0.75719595f, 3.1401255f);
      assertThat(calibration.sampleCount()).isEqualTo(300);
      assertThat(test.sampleCount()).isEqualTo(2854);
      assertThat(test.fingerprint()).isNotEqualTo(all.fingerprint());
      assertThat(test.contentSha256()).isEqualTo(all.contentSha256());
    }
  }

  @ParameterizedTest
  @CsvSource({"test, 3080, 3747147, 38280", "train, 10003, 13857457, 132535"})
  void sentencesAsIds(String part, long samples, double ids, double tokens) {
    try (Dataset data =
        open(
            "models",
            "text-transformer-banking77/" + part + "_ids.csv",
            "text-transformer-banking77")) {
      Dataset bound =
          data.bind(
              List.of(
                  InputSpec.of("input_ids", ElementType.INT64, -1, -1),
                  InputSpec.of("attention_mask", ElementType.INT64, -1, -1)));
      assertThat(data.sampleCount()).isEqualTo(samples);
      assertThat(data.classNames()).hasSize(77);
      data.requireLabelsBelow(77, "logits");
      assertThat(sums(bound, "input_ids")[0]).isEqualTo(ids);
      assertThat(sums(bound, "attention_mask")[0]).isEqualTo(tokens);
      Batch first = bound.batches(2).iterator().next();
      assertThat(first.labels()[0]).isEqualTo(12);
      assertThat(first.input("input_ids").shape().toArray()).containsExactly(2, 32);
      if (part.equals("test")) {
        assertThat(histogram(data)).hasSize(77).containsOnly(40L);
        long[] row = new long[9];
        first.input("input_ids").longs().get(row);
        assertThat(row).containsExactly(2, 15, 11, 3, 804, 5, 9, 4, 0);
      }
    }
  }

  @Test
  void gestures() {
    try (Dataset data = open("datasets", "gesture-keypoint/keypoint.csv", "gesture-keypoint-mlp")) {
      Dataset bound = data.bind(List.of(InputSpec.of("input", ElementType.FLOAT, -1, 42)));
      assertThat(data.sampleCount()).isEqualTo(4450);
      assertThat(histogram(data)).containsExactly(1522L, 1572L, 1356L);
      assertThat(data.classNames()).containsExactly("Open", "Close", "Pointer");
      assertThat(data.metric()).contains(Metric.ACCURACY);
      assertThat(sums(bound, "input")[0]).isCloseTo(-26638.729220755624, within(0.01));
      assertThat(bound.batches(1).iterator().next().input("input").toFloats())
          .startsWith(0, 0, (float) 0.20078740157480315, (float) -0.051181102362204724);
    }
  }

  @Test
  void waveforms() {
    Path root = SharedData.dataset("speech-commands/wav").orElse(null);
    assumeTrue(root != null, SharedData.WHY_ABSENT);
    try (Dataset data = Dataset.open(Objects.requireNonNull(root))) {
      assertThat(data.sampleCount()).isEqualTo(240);
      assertThat(data.classNames()).hasSize(12).startsWith("_silence_", "_unknown_", "down");
      assertThat(LongStream.of(histogram(data).stream().mapToLong(l -> l).toArray()).distinct())
          .containsExactly(20L);
      Batch first = data.batches(4).iterator().next();
      assertThat(first.count()).isEqualTo(4);
      float[] values = first.input("waveform").toFloats();
      assertThat(values)
          .startsWith(28 / 32768f, -225 / 32768f, 20 / 32768f, 237 / 32768f, -91 / 32768f);
      double sum = 0;
      for (int i = 0; i < 16000; i++) {
        sum += values[i] * 32768.0;
      }
      assertThat(sum).isEqualTo(-7173);
      Dataset some = data.representative(12);
      assertThat(some.labelCounts()).hasSize(12);
    }
    try (Dataset windows = open("datasets", "speech-commands/wav", "silero-vad")) {
      SampleRun run =
          windows.run(
              List.of(
                  InputSpec.of("input", ElementType.FLOAT, -1, -1),
                  InputSpec.of("state", ElementType.FLOAT, 2, -1, 128),
                  InputSpec.of("sr", ElementType.INT64)),
              List.of(
                  InputSpec.of("output", ElementType.FLOAT, -1, 1),
                  InputSpec.of("stateN", ElementType.FLOAT, -1, -1, -1)));
      Batch batch = run.dataset().batches(3).iterator().next();
      assertThat(run.steps(batch)).isEqualTo(32);
      assertThat(run.feedback()).containsExactly("stateN");
      Map<String, TensorBuffer> first = run.first(batch);
      assertThat(Objects.requireNonNull(first.get("input")).shape().toArray())
          .containsExactly(3, 576);
      assertThat(Objects.requireNonNull(first.get("state")).shape().toArray())
          .containsExactly(2, 3, 128);
    }
  }
}
