package dev.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.progress.Progress;
import dev.compress.runtime.ShapeInference;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationCacheTest {
  @TempDir Path folder;

  private static OnnxModel model(float weight) {
    return OnnxModel.of(
        8,
        17,
        Graph.of(
            "net",
            List.of(
                Node.of("Mul", "scale", List.of("x", "w"), List.of("a")),
                Node.of("Relu", "relu", List.of("a"), List.of("y"))),
            List.of(
                Initializer.of(
                    "w",
                    Tensor.ofFloats(Shape.of(9), new float[] {weight, 1, 1, 1, 1, 1, 1, 1, 2}))),
            List.of(vector("x")),
            List.of(vector("y"))));
  }

  private static ValueInfo vector(String name) {
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(9))));
  }

  /** Counts how often it is read. */
  private static final class Counted implements Samples {
    private final float value;
    private int reads;

    Counted(float value) {
      this.value = value;
    }

    @Override
    public long count() {
      return 1;
    }

    @Override
    public boolean batchable() {
      return false;
    }

    @Override
    public Optional<String> fingerprint() {
      return Optional.of("all " + value);
    }

    @Override
    public void forEachBatch(int batchSize, BatchReader reader) {
      reads++;
      float[] x = {value, -1.5f, 0, 1e-3f, 7, -7, Float.NaN, Float.POSITIVE_INFINITY, 3};
      reader.read(Map.of("x", TensorBuffer.of(Shape.of(1, 9), x)), 1);
    }
  }

  private static ActivationStatistics collect(
      CalibrationCache cache, OnnxModel model, Samples samples, Set<String> values) {
    ActivationCollector wanted =
        new ActivationCollector().histogramsOf(values).channelsOf(Map.of("a", -1));
    ActivationReader reader =
        new ActivationReader(model, ShapeInference.infer(model), 1, Progress.NONE);
    return cache.collect(model, samples, wanted, c -> c.collect(reader, samples, 1));
  }

  @Test
  void theFileGivesBackExactlyWhatWasSeen() {
    Path file = folder.resolve("ranges.bin");
    Counted samples = new Counted(0.3f);
    CalibrationCache first = CalibrationCache.in(file);
    ActivationStatistics seen = collect(first, model(5), samples, Set.of("a", "y"));
    first.choices(model(5), samples, "which", () -> Map.of("a", 2));
    first.save();
    assertThat(samples.reads).isPositive();

    Counted again = new Counted(0.3f);
    CalibrationCache second = CalibrationCache.in(file);
    ActivationStatistics known = collect(second, model(5), again, Set.of("a", "y"));
    assertThat(again.reads).isZero();
    assertThat(known).isEqualTo(seen);
    assertThat(known.histograms().get("a")).isEqualTo(seen.histograms().get("a"));
    Map<String, Integer> choice =
        second.choices(
            model(5),
            again,
            "which",
            () -> {
              throw new AssertionError("known already");
            });
    assertThat(choice).containsExactly(Map.entry("a", 2));
    assertThat(second.found()).isEqualTo(4);
    assertThat(second.observed()).isZero();
  }

  @Test
  void observesOnlyWhatIsMissing() {
    CalibrationCache cache = CalibrationCache.inMemory();
    Counted samples = new Counted(1);
    collect(cache, model(5), samples, Set.of("a"));
    int reads = samples.reads;
    collect(cache, model(5), samples, Set.of("a"));
    assertThat(samples.reads).isEqualTo(reads);
    ActivationStatistics both = collect(cache, model(5), samples, Set.of("a", "y"));
    assertThat(samples.reads).isGreaterThan(reads);
    assertThat(both)
        .isEqualTo(collect(CalibrationCache.inMemory(), model(5), samples, Set.of("a", "y")));
  }

  @Test
  void anotherWeightOrAnotherSampleIsAnotherKey() {
    CalibrationCache cache = CalibrationCache.inMemory();
    collect(cache, model(5), new Counted(1), Set.of("a"));
    Counted sameData = new Counted(1);
    collect(cache, model(6), sameData, Set.of("a"));
    assertThat(sameData.reads).isPositive();
    Counted otherData = new Counted(2);
    collect(cache, model(5), otherData, Set.of("a"));
    assertThat(otherData.reads).isPositive();
  }

  @Test
  void aFileThatIsNoCacheIsRefusedAndKept() throws IOException {
    Path file = folder.resolve("model.onnx");
    Files.writeString(file, "not a cache at all");
    assertThatThrownBy(() -> CalibrationCache.in(file))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("model.onnx is no calibration cache")
        .hasMessageContaining("name another file");
    assertThat(file).hasContent("not a cache at all");
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 20, 60, 120})
  void aDamagedFileIsRefused(int kept) throws IOException {
    Path file = folder.resolve("ranges.bin");
    CalibrationCache cache = CalibrationCache.in(file);
    collect(cache, model(5), new Counted(1), Set.of("a"));
    cache.save();
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, Math.min(kept, bytes.length - 1)));
    assertThatThrownBy(() -> CalibrationCache.in(file))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("is no calibration cache");
  }
}
