package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.models.architecture.Architecture;
import dev.compress.onnx.OnnxReader;
import dev.compress.tensor.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelsCommandTest {
  private final Bench bench = new Bench();
  @TempDir Path folder;

  @Test
  void listsSamplesAndArchitectures() throws IOException {
    Bench.Result text = bench.run("models");
    assertThat(text.out())
        .contains("sample:glyphs  digits and letters\n")
        .containsPattern("(?m)^resnet50 +ResNet-50")
        .contains("compress models build NAME -o FILE");
    assertThat(bench.run("models", "list")).isEqualTo(text);
    JsonNode json = new ObjectMapper().readTree(bench.run("models", "--json").out());
    assertThat(json.at("/schema").asText()).isEqualTo("compress.models/1");
    assertThat(json.at("/samples/0/name").asText()).isEqualTo("glyphs");
    assertThat(json.at("/architectures").findValuesAsText("name"))
        .containsExactlyElementsOf(
            Arrays.stream(Architecture.values()).map(Architecture::id).toList());
    assertThat(new Choices.Architectures())
        .containsExactlyElementsOf(json.at("/architectures").findValuesAsText("name"));
  }

  @Test
  void buildsAnArchitecture() throws IOException {
    Path file = folder.resolve("r.onnx");
    Bench.Result result =
        bench.run("models", "build", "resnet50", "-o", file.toString(), "--seed", "3", "--json");
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertThat(json.at("/schema").asText()).isEqualTo("compress.model-build/1");
    assertThat(json.at("/architecture").asText()).isEqualTo("resnet50");
    assertThat(json.at("/seed").asInt()).isEqualTo(3);
    assertThat(json.at("/output/bytes").asLong()).isEqualTo(Files.size(file));
    assertThat(json.at("/output/data").isNull()).isTrue();
    assertThat(OnnxReader.read(file).model().metadata()).containsEntry("weights", "random, seed 3");
    assertThat(json.at("/output/sha256").asText()).isEqualTo(Sha256.of(file));
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void doesNotReplaceAFileUnasked() throws IOException {
    Path file = Files.writeString(folder.resolve("r.onnx"), "mine");
    Bench.Result result = bench.run("models", "build", "resnet50", "-o", file.toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("r.onnx exists already").contains("--force");
    assertThat(file).hasContent("mine");
    assertThat(bench.run("models", "build", "resnet50", "-q", "--force", "-o", file.toString()))
        .isEqualTo(new Bench.Result(0, "", ""));
    assertThat(Files.size(file)).isGreaterThan(100_000_000);
  }

  @Test
  void explainsWhatItCannotBuild() {
    Bench.Result unknown = bench.run("models", "build", "resnet51");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("resnet51").contains("resnet50, bert, matmul-stack");
    assertThat(bench.run("models", "build").err()).contains("NAME");
    Bench.Result nowhere =
        bench.run("models", "build", "resnet50", "-o", folder.resolve("no/r.onnx").toString());
    assertThat(nowhere.code()).isEqualTo(6);
    assertThat(nowhere.err()).contains("folder does not exist");
    assertThat(bench.run("models", "get", "resnet50").err()).contains("not in this version yet");
    assertThat(bench.run("models", "sell").err()).contains("knows list and build, not sell");
  }
}
