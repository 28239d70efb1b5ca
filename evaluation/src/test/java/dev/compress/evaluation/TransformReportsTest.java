package dev.compress.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.energy.EnergyReading.Kind;
import dev.compress.energy.RunEnergy;
import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransformReportsTest {
  private static final String FLOAT = "aa".repeat(32);
  private static final String PRUNED = "bb".repeat(32);
  private static final String INT8 = "cc".repeat(32);
  private static final String RAPL =
      "{\"kind\": \"MEASURED\", \"energy_j\": %s, \"seconds\": 10, \"source\": \"rapl\","
          + " \"domains\": [\"package-0\"], \"scope\": \"packages\", \"reason\": null}";
  private static final String ESTIMATE =
      "{\"kind\": \"ESTIMATED\", \"energy_j\": null, \"energy_estimated_j\": 90,"
          + " \"estimated_range_j\": [40, 200], \"seconds\": 10, \"source\": null, \"domains\": [],"
          + " \"scope\": \"cores\", \"model\": \"cpu-time\", \"reason\": null}";

  @TempDir Path folder;

  private Path write(String name, String input, String output, String energy) throws IOException {
    return Files.writeString(
        folder.resolve(name),
        """
        {"schema": "compress.transform/1", "input": {"path": "%s", "sha256": "%s"},
         "output": {"path": "x", "sha256": "%s"}, "layers": [], "energy": %s}
        """
            .formatted(folder.resolve("pruned.onnx"), input, output, energy));
  }

  private TransformReports.Making making(Path... named) {
    return new TransformReports(List.of(named)).making(folder.resolve("int8.onnx"), INT8, FLOAT);
  }

  @Test
  void theReportBesideTheModelIsFound() throws IOException {
    Path report = write("int8.json", FLOAT, INT8, RAPL.formatted("120.5"));
    TransformReports.Making making = making();
    assertThat(making.energy().energyJ()).isEqualTo(120.5);
    assertThat(making.reports()).extracting(TransformReportFile::file).containsExactly(report);
  }

  @Test
  void stepsAddUpToTheBaseline() throws IOException {
    write("pruned.json", FLOAT, PRUNED, RAPL.formatted("1000"));
    Path last = write("elsewhere.json", PRUNED, INT8, RAPL.formatted("120.5"));
    RunEnergy both = making(last).energy();
    assertThat(both.energyJ()).isEqualTo(1120.5);
    assertThat(both.seconds()).isEqualTo(20);
    assertThat(both.source()).isEqualTo("rapl");
  }

  @Test
  void stepsAreToldInTheOrderOfTheWork() throws IOException {
    Files.writeString(
        folder.resolve("pruned.json"),
        """
        {"schema": "compress.transform/1", "input": {"sha256": "%s"}, "output": {"sha256": "%s"},
         "recipe": {"prune": 0.125, "prune-kind": "channels"},
         "passes": [{"name": "pack-weights", "changed": []}]}
        """
            .formatted(FLOAT, PRUNED));
    Path last =
        Files.writeString(
            folder.resolve("elsewhere.json"),
            """
            {"schema": "compress.transform/1", "input": {"path": "%s", "sha256": "%s"},
             "output": {"sha256": "%s"}, "recipe": {"quantize": "int8", "cluster": 16},
             "passes": [{"name": "pack-weights", "changed": [{"node": "a"}]}]}
            """
                .formatted(folder.resolve("pruned.onnx"), PRUNED, INT8));
    assertThat(making(last).steps())
        .containsExactly("prune 12.5% channels", "16 clusters", "int8", "pack");
  }

  @Test
  void aModelTellsItsLastStepItself() {
    assertThat(TransformSteps.of(stamped("{\"prune\": 0.9, \"quantize\": \"int8\"}"), true))
        .containsExactly("prune 90%", "int8", "pack");
    for (String other : List.of("", "{", "[]", "7", "{\"prune\": \"all\"}")) {
      assertThat(TransformSteps.of(stamped(other), true)).as(other).isEmpty();
    }
    assertThat(TransformSteps.of(stamped("{\"quantize\": \"in\\u001bt\"}"), false))
        .as("anyone's text")
        .containsExactly("in\ufffdt");
  }

  private static OnnxModel stamped(String recipe) {
    Graph graph = Graph.of("g", List.of(), List.of(), List.of(), List.of());
    return OnnxModel.of(8, 13, graph).withMetadata(Map.of("compress.recipe", recipe));
  }

  @Test
  void anotherBaselineIsNotPaidBack() throws IOException {
    Path last = write("int8.json", PRUNED, INT8, RAPL.formatted("120.5"));
    RunEnergy unknown = making().energy();
    assertThat(unknown.kind()).isEqualTo(Kind.UNAVAILABLE);
    assertThat(unknown.reason()).contains(last.toString(), "another file", "--transform-report");
  }

  @Test
  void kindsAreNotAddedToEachOther() throws IOException {
    write("pruned.json", FLOAT, PRUNED, RAPL.formatted("1000"));
    write("int8.json", PRUNED, INT8, ESTIMATE);
    assertThat(making().energy().reason()).contains("different means");
    write("pruned.json", FLOAT, PRUNED, ESTIMATE);
    RunEnergy both = making().energy();
    assertThat(both.energyEstimatedJ()).isEqualTo(180);
    assertThat(both.estimatedRangeJ()).containsExactly(80.0, 400.0);
    assertThat(both.energyJ()).isNull();
  }

  @Test
  void whatIsMissingHasItsReason() throws IOException {
    assertThat(making().energy().reason()).contains("beside int8.onnx", "--transform-report");
    write("int8.json", FLOAT, INT8, "null");
    assertThat(making().energy().reason()).contains("holds no energy");
    assertThat(
            new TransformReports(List.of())
                .making(folder.resolve("same.onnx"), FLOAT, FLOAT)
                .energy()
                .reason())
        .contains("same file");
    write("int8.json", INT8, INT8, RAPL.formatted("1"));
    assertThat(making().energy().kind()).as("a report that goes in a circle").isNotNull();
  }

  @Test
  void aNamedReportMustBeOne() throws IOException {
    for (String text :
        List.of(
            "", "{", "[]", "{\"schema\": \"other\"}", "{\"schema\": \"compress.transform/1\"}")) {
      Path bad = Files.writeString(folder.resolve("bad.json"), text);
      assertThatThrownBy(() -> making(bad))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("bad.json");
    }
    for (String joules : List.of("-1", "1e300", "null")) {
      Path bad = write("bad.json", FLOAT, INT8, RAPL.formatted(joules));
      assertThatThrownBy(() -> making(bad)).isInstanceOf(InvalidDataException.class);
    }
    assertThatThrownBy(() -> making(folder.resolve("none.json")))
        .isInstanceOf(ReadWriteException.class);
  }

  @Test
  void aNamedReportOfOtherFilesIsTold() throws IOException {
    Path other = write("other.json", FLOAT, PRUNED, RAPL.formatted("1"));
    TransformReports reports = new TransformReports(List.of(other));
    assertThat(reports.unused(Set.of())).containsExactly(other);
  }
}
