package dev.compress.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.compress.energy.EnergyReading.Kind;
import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import dev.compress.evaluation.EvaluationReport.Gate;
import dev.compress.evaluation.EvaluationReport.Host;
import dev.compress.evaluation.EvaluationReport.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class EvaluationReportsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  private Path save(String name, Object report) throws IOException {
    return Files.writeString(folder.resolve(name), JSON.writeValueAsString(report));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void readsWhatWasSaved(Kind kind) throws IOException {
    EvaluationReport report = SavedReports.of("pi", kind);
    assertThat(EvaluationReports.read(save("a.json", report))).isEqualTo(report);
    EvaluationReport fleet =
        EvaluationReports.merge(List.of(report, SavedReports.of("server", kind)));
    assertThat(EvaluationReports.read(save("fleet.json", fleet))).isEqualTo(fleet);
  }

  @Test
  void readsReportsOfEarlierAndLaterVersions() throws IOException {
    EvaluationReport report = SavedReports.of("pi", Kind.MEASURED);
    ObjectNode tree = JSON.valueToTree(report);
    tree.remove("hosts");
    tree.put("of_the_future", "x").putObject("error").put("code", 5);
    tree.withArray("variants").forEach(v -> ((ObjectNode) v).remove("layers"));
    ((ObjectNode) tree.at("/variants/0/latency_ms")).remove("p50_ci95");
    ((ObjectNode) tree.at("/variants/0/energy")).put("of_the_future", 1);
    EvaluationReport read = EvaluationReports.read(save("a.json", tree));
    assertThat(read.variants().get(1).layers()).isEmpty();
    assertThat(read.variants().get(1).energy()).isEqualTo(report.variants().get(1).energy());
    assertThat(read.hosts()).isEmpty();
  }

  /** A pointer, what to put there (nothing: remove it), and a word of the complaint. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "/schema | \"compress.evaluation/2\" | schema",
        "/schema | - | schema is missing",
        "/schema | \"compress.transform/1\" | compress.transform/1",
        "/variants | - | /variants",
        "/variants | [] | no variants",
        "/variants | [null] | variants",
        "/variants/0/bytes | - | bytes",
        "/variants/0/bytes | \"12\" | bytes",
        "/variants/0/bytes | 1.5 | bytes",
        "/variants/0/bytes | -4 | bytes",
        "/variants/0/name | - | name",
        "/variants/0/host | null | host",
        "/variants/1/accuracy/value | 1.5 | fraction",
        "/variants/1/accuracy/value | 1e999 | accuracy",
        "/variants/1/accuracy/ci95 | [0.9] | ci95",
        "/variants/1/accuracy/ci95 | [0.9, null] | ci95",
        "/variants/1/accuracy/ci95 | [0.99, 0.9] | ci95",
        "/variants/1/latency_ms/p50 | -1 | p50",
        "/variants/1/latency_ms/p50_ci95 | [-1, 2] | p50_ci95",
        "/variants/1/latency_ms/samples | 1e40 | samples",
        "/variants/1/energy/kind | \"ESTIMATED\" | ESTIMATED",
        "/variants/1/energy/kind | \"GUESSED\" | GUESSED",
        "/variants/1/energy/energy_j | null | MEASURED",
        "/variants/1/energy/energy_j | -1 | energy",
        "/variants/1/kernels/integer | null | kernels",
        "/variants/1/vs_baseline/bytes_ratio | 0 | bytes_ratio",
        "/environment | null | environment",
        "/environment | 7 | environment",
        "/gates/0/limit | - | limit",
        "/warnings | {} | warnings",
      })
  void refusesWhatCannotBeTrue(String pointer, String value, String word) throws IOException {
    ObjectNode tree = JSON.valueToTree(SavedReports.of("pi", Kind.MEASURED));
    int slash = pointer.lastIndexOf('/');
    JsonNode parent = tree.at(pointer.substring(0, slash));
    String key = pointer.substring(slash + 1);
    assertThat(parent.has(key)).as(pointer).isTrue();
    String text;
    if (value == null) {
      ((ObjectNode) parent).remove(key);
      text = tree.toString();
    } else {
      ((ObjectNode) parent).put(key, "@@@");
      text = tree.toString().replace("\"@@@\"", value);
    }
    Path file = Files.writeString(folder.resolve("bad.json"), text);
    assertThatThrownBy(() -> EvaluationReports.read(file))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("bad.json")
        .hasMessageContaining(word);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"''", "{", "[]", "null", "7", "\"x\"", "{} {}", "<html>", "{\"a\":1,\"a\":2}"})
  void refusesWhatIsNoReport(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("bad.json"), text);
    assertThatThrownBy(() -> EvaluationReports.read(file))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("bad.json");
  }

  @Test
  void refusesDeepAndLargeFiles() throws IOException {
    Path deep = Files.writeString(folder.resolve("deep.json"), "[".repeat(2_000_000));
    assertThatThrownBy(() -> EvaluationReports.read(deep)).isInstanceOf(InvalidDataException.class);
    Path large = folder.resolve("large.json");
    Files.write(large, new byte[(32 << 20) + 1]);
    assertThatThrownBy(() -> EvaluationReports.read(large))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("32 MiB");
    assertThatThrownBy(() -> EvaluationReports.read(folder.resolve("none.json")))
        .isInstanceOf(ReadWriteException.class);
    assertThatThrownBy(() -> EvaluationReports.read(folder)).isInstanceOf(ReadWriteException.class);
  }

  @Test
  void textsBecomeFitToBeShown() throws IOException {
    ObjectNode tree = JSON.valueToTree(SavedReports.of("pi", Kind.MEASURED));
    ((ObjectNode) tree.at("/variants/0")).put("name", "@@@");
    String escaped = "a\\u001b[31m\\nb\\u202ec\\ud800d\\ud83d\\ude00";
    String text = tree.toString().replace("@@@", escaped);
    EvaluationReport read =
        EvaluationReports.read(Files.writeString(folder.resolve("a.json"), text));
    assertThat(read.variants().get(0).name()).isEqualTo("a\ufffd[31m b\ufffdc\ufffdd\ud83d\ude00");
  }

  @Test
  void aFleetKeepsEveryRowWithItsMachine() {
    EvaluationReport pi = SavedReports.of("pi", Kind.UNAVAILABLE);
    EvaluationReport server = SavedReports.of("server", Kind.MEASURED);
    EvaluationReport fleet = EvaluationReports.merge(List.of(pi, server));
    assertThat(fleet.variants())
        .hasSize(6)
        .extracting(Row::host)
        .containsExactly("pi", "pi", "pi", "server", "server", "server");
    assertThat(fleet.variants().subList(0, 3)).isEqualTo(pi.variants());
    assertThat(fleet.variants().subList(3, 6)).isEqualTo(server.variants());
    assertThat(fleet.environment()).isNull();
    assertThat(fleet.dataset()).isEqualTo(pi.dataset());
    assertThat(fleet.hosts())
        .containsExactly(
            new Host("pi", pi.environment(), pi.dataset()),
            new Host("server", server.environment(), server.dataset()));
    assertThat(fleet.warnings())
        .contains("pi: The machine is busy.", "server: The machine is busy.");
    assertThat(fleet.gates())
        .extracting(Gate::variant)
        .containsExactly("int8 on cpu, pi", "int8 on cpu, server");
  }

  @Test
  void mergingStepByStepIsMergingAtOnce() {
    EvaluationReport a = SavedReports.of("a", Kind.MEASURED);
    EvaluationReport b = SavedReports.of("b", Kind.ESTIMATED);
    EvaluationReport c = SavedReports.of("c", Kind.UNAVAILABLE);
    EvaluationReport steps =
        EvaluationReports.merge(List.of(EvaluationReports.merge(List.of(a, b)), c));
    assertThat(steps).isEqualTo(EvaluationReports.merge(List.of(a, b, c)));
  }

  @Test
  void machinesOfOneNameAreToldApart() {
    EvaluationReport one = SavedReports.of("edge", Kind.MEASURED);
    EvaluationReport fleet = EvaluationReports.merge(List.of(one, one));
    assertThat(fleet.variants()).hasSize(6);
    assertThat(fleet.variants().get(3).host()).isEqualTo("edge (2)");
    assertThat(fleet.gates()).extracting(Gate::variant).contains("int8 on cpu, edge (2)");
    assertThat(fleet.warnings())
        .contains("edge (2): The machine is busy.")
        .anyMatch(w -> w.contains("another report is of a machine called edge"));
    EvaluationReport again = EvaluationReports.merge(List.of(fleet, one));
    assertThat(again.hosts()).extracting(Host::host).contains("edge (3)").doesNotHaveDuplicates();
  }

  @Test
  void whatIsNotTheSameIsSaid() throws IOException {
    EvaluationReport a = SavedReports.of("a", Kind.MEASURED);
    ObjectNode tree = JSON.valueToTree(SavedReports.of("b", Kind.MEASURED));
    ((ObjectNode) tree.at("/dataset")).put("sha256", "ff");
    ((ObjectNode) ((ArrayNode) tree.at("/variants")).get(1)).put("sha256", "ff");
    EvaluationReport fleet =
        EvaluationReports.merge(List.of(a, EvaluationReports.read(save("b.json", tree))));
    assertThat(fleet.dataset()).isNull();
    assertThat(fleet.warnings())
        .contains("int8 is another file on b than on a.")
        .anyMatch(w -> w.contains("different data"));
  }

  @Test
  void limitsAreJudgedOnEveryMachine() {
    EvaluationReport fleet =
        EvaluationReports.merge(
            List.of(SavedReports.of("a", Kind.MEASURED), SavedReports.of("b", Kind.ESTIMATED)));
    EvaluationReport held = EvaluationReports.holding(fleet, new Gates(null, 1.0, 0.5));
    List<Gate> judged = held.gates().subList(fleet.gates().size(), held.gates().size());
    assertThat(judged)
        .extracting(Gate::name, Gate::variant, Gate::passed)
        .containsExactlyInAnyOrder(
            org.assertj.core.api.Assertions.tuple("max-latency-ratio", "int8 on cpu, a", true),
            org.assertj.core.api.Assertions.tuple("max-latency-ratio", "fp16 on cpu, a", false),
            org.assertj.core.api.Assertions.tuple("max-latency-ratio", "int8 on cpu, b", true),
            org.assertj.core.api.Assertions.tuple("max-latency-ratio", "fp16 on cpu, b", false),
            org.assertj.core.api.Assertions.tuple("max-energy-ratio", "int8 on cpu, a", true),
            org.assertj.core.api.Assertions.tuple("max-energy-ratio", "fp16 on cpu, a", false),
            // Of estimates there is no ratio, so nothing that could be within a limit.
            org.assertj.core.api.Assertions.tuple("max-energy-ratio", "int8 on cpu, b", false),
            org.assertj.core.api.Assertions.tuple("max-energy-ratio", "fp16 on cpu, b", false));
    assertThat(Objects.requireNonNull(held).passed()).isFalse();
  }
}
