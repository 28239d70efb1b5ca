package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import dev.compress.tensor.Sha256;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every real model means the same after reading and writing, as protobuf's own code sees it. */
class RealModelsRoundTripTest {
  static List<Path> models() throws IOException {
    Path root = SharedData.data().map(d -> d.resolve("models")).orElse(null);
    if (root == null) {
      return List.of(Path.of("no-shared-data"));
    }
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(f -> f.toString().endsWith(".onnx")).sorted().toList();
    }
  }

  @Test
  void thereAreThirtySevenModels() throws IOException {
    assumeTrue(SharedData.data().isPresent(), SharedData.WHY_ABSENT);
    assertThat(models()).hasSizeGreaterThanOrEqualTo(36);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void meansTheSame(Path model, @TempDir Path folder) throws IOException {
    assumeTrue(SharedData.data().isPresent(), SharedData.WHY_ABSENT);
    LoadedModel loaded = OnnxReader.read(model);
    Path copy = folder.resolve("copy.onnx");
    WrittenModel written = OnnxWriter.write(loaded.model(), copy);

    assertThat(written.bytes()).isEqualTo(Files.size(copy));
    assertThat(written.sha256()).isEqualTo(Sha256.of(copy));
    assertSame(model, copy);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void meansTheSameFromMemory(Path model, @TempDir Path folder) throws IOException {
    assumeTrue(SharedData.data().isPresent(), SharedData.WHY_ABSENT);
    assumeTrue(!OnnxReader.read(model).hasExternalData(), "has external data");
    OnnxModel read = OnnxReader.read(Files.readAllBytes(model));
    Path copy = Files.write(folder.resolve("copy.onnx"), OnnxWriter.toBytes(read));
    assertSame(model, copy);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void meansTheSameWithExternalData(Path model, @TempDir Path folder) throws IOException {
    assumeTrue(SharedData.data().isPresent(), SharedData.WHY_ABSENT);
    Path copy = folder.resolve("copy.onnx");
    WriteSettings settings = WriteSettings.DEFAULT.withExternal(WriteSettings.ExternalData.ALWAYS);
    WrittenModel written =
        OnnxWriter.write(OnnxReader.read(model).model(), copy, settings, Progress.NONE);
    LoadedModel again = OnnxReader.read(copy);
    assertThat(again.hasExternalData()).isEqualTo(written.data().isPresent());
    assertThat(again.bytes()).isEqualTo(written.bytes());
    assertSame(model, copy);
  }

  private static void assertSame(Path original, Path copy) throws IOException {
    ModelProto expected = parse(original);
    ModelProto actual = parse(copy);
    assertThat(OnnxMlComparison.difference(expected, actual)).isEmpty();
  }

  private static ModelProto parse(Path file) throws IOException {
    ModelProto parsed = ModelProto.parseFrom(Files.readAllBytes(file));
    return OnnxMlComparison.normalised(OnnxMlComparison.inlined(parsed, file));
  }
}
