package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.Architecture;
import dev.compress.onnx.OnnxReader;
import dev.compress.tensor.Sha256;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
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
  void listsWhatItGets() throws IOException {
    JsonNode json = new ObjectMapper().readTree(bench.run("models", "--json").out());
    assertThat(new Choices.CatalogNames())
        .containsExactlyElementsOf(json.at("/catalog").findValuesAsText("name"));
    assertThat(bench.run("models").out())
        .containsPattern("(?m)^mnist-cntk-opset8 +26.5 kB +two-convolution CNN");
  }

  @Test
  void getsAModelFromAMirror() throws IOException {
    Path mirror = folder.resolve("mirror");
    Path file =
        Files.createDirectories(mirror.resolve("models/gesture-keypoint-mlp"))
            .resolve("model.onnx");
    Optional<Path> shared = SharedData.model("gesture-keypoint-mlp/model.onnx");
    assumeTrue(shared.isPresent(), SharedData.WHY_ABSENT);
    Files.copy(shared.orElseThrow(), file);
    Path out = folder.resolve("out");
    String[] command = {
      "models", "get", "gesture-keypoint-mlp", "-o", out.toString(), "--mirror", mirror.toString()
    };
    Bench.Result result = bench.run(command);
    assertThat(result.err()).isEmpty();
    assertThat(result.out())
        .contains("from the mirror")
        .contains("licence: Apache-2.0 (https://github.com/PINTO0309/");
    assertThat(out.resolve("model.onnx")).hasSameBinaryContentAs(file);
    assertThat(bench.run(command).out()).contains("was there");
    JsonNode json =
        new ObjectMapper()
            .readTree(
                bench
                    .run(
                        Stream.concat(Stream.of(command), Stream.of("--json"))
                            .toArray(String[]::new))
                    .out());
    assertThat(json.at("/schema").asText()).isEqualTo("compress.model-get/1");
    assertThat(json.at("/files/0/from").asText()).isEqualTo("folder");
    assertThat(json.at("/files/0/sha256").asText()).isEqualTo(Sha256.of(file));
    Files.writeString(out.resolve("model.onnx"), "mine");
    assertThat(bench.run(command).code()).isEqualTo(3);
    assertThat(out.resolve("model.onnx")).hasContent("mine");
  }

  @Test
  void refusesWhatItCannotGet() {
    Bench.Result unknown = bench.run("models", "get", "nothing");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("The catalogue has no nothing; it has mnist-cntk-opset8,");
    Bench.Result mirror =
        bench.run("models", "get", "mnist", "--mirror", folder.resolve("none").toString());
    assertThat(mirror.code()).isEqualTo(2);
    assertThat(mirror.err()).contains("is no folder");
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
  void buildsInOtherSizes() throws IOException {
    Path file = folder.resolve("m.onnx");
    String[] words = {
      "models", "build", "mobilenetv2", "--width", "0.35", "--image", "3x96x64", "--classes", "5"
    };
    Bench.Result result =
        bench.run(
            Stream.concat(Stream.of(words), Stream.of("-o", file.toString()))
                .toArray(String[]::new));
    assertThat(result.err()).isEmpty();
    OnnxModel model = OnnxReader.read(file).model();
    assertThat(model.graph().inputs().toString()).contains("96").contains("64");
    assertThat(model.graph().outputs().toString()).contains("5");
    assertThat(bench.run("models", "build", "lstm", "--width", "2").err())
        .contains("lstm has no setting width; it has classes, vocabulary.");
    assertThat(bench.run("models", "build", "resnet8", "--image", "32").code()).isEqualTo(2);
    assertThat(bench.run("models", "build", "resnet8", "--classes", "0").code()).isEqualTo(2);
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
    assertThat(unknown.err()).contains("resnet51").contains("lstm, resnet50, bert, matmul-stack");
    assertThat(bench.run("models", "build").err()).contains("NAME");
    Bench.Result nowhere =
        bench.run("models", "build", "resnet50", "-o", folder.resolve("no/r.onnx").toString());
    assertThat(nowhere.code()).isEqualTo(6);
    assertThat(nowhere.err()).contains("folder does not exist");
    assertThat(bench.run("models", "get", "resnet50").err())
        .contains("The catalogue has no resnet50");
    assertThat(bench.run("models", "sell").err()).contains("knows list, get and build, not sell");
  }
}
