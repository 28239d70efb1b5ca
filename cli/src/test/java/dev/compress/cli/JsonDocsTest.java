package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.cli.doctor.Doctor;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.inspect.ModelInspection;
import dev.compress.recipe.Recipe;
import dev.compress.report.DistillReport;
import dev.compress.report.UnpackReport;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The page about the JSON names every key that there is. */
class JsonDocsTest {
  private static final Path PAGE = Path.of("docs/json.md");

  private static void assertNamed(Iterable<String> keys, String schema) throws IOException {
    String page = Files.readString(PAGE);
    int start = page.indexOf("`" + schema + "`");
    assertThat(start).as(schema).isPositive();
    int end = page.indexOf("\n## ", start);
    String section = page.substring(start, end < 0 ? page.length() : end);
    for (String key : keys) {
      assertThat(section).as(key).containsPattern("`" + key + "(\\[])?`");
    }
  }

  /** Keys of objects with fixed keys; those of counts by operator and the like are data. */
  private static void collect(JsonNode node, Set<String> keys) {
    node.fieldNames()
        .forEachRemaining(
            key -> {
              keys.add(key);
              if (!key.equals("recipe") && !key.equals("integer") && !key.equals("float")) {
                collect(node.get(key), keys);
              }
            });
    if (node.isArray()) {
      node.forEach(element -> collect(element, keys));
    }
  }

  private static Set<String> keys(JsonNode document) {
    Set<String> keys = new TreeSet<>();
    collect(document, keys);
    keys.remove("schema");
    return keys;
  }

  @Test
  void namesTheKeysOfATransformation() throws IOException {
    JsonNode report =
        new ObjectMapper()
            .valueToTree(Bench.report(Recipe.EMPTY.withQuantize("int8"), "a", Path.of("b")));
    Set<String> keys = keys(report);
    assertThat(keys).hasSizeGreaterThan(50);
    assertNamed(keys, "compress.transform/1");
  }

  @Test
  void namesTheKeysOfAMachine() throws IOException {
    JsonNode report = new ObjectMapper().valueToTree(Doctor.examine("1", Optional.empty()));
    assertNamed(keys(report), "compress.doctor/1");
  }

  @Test
  void namesTheKeysOfModels() throws IOException {
    JsonNode report = new ObjectMapper().readTree(new Bench().run("models", "--json").out());
    assertNamed(keys(report), "compress.models/1");
  }

  @Test
  void namesTheKeysOfAnUnpacking() throws IOException {
    Set<String> keys = new TreeSet<>();
    components(UnpackReport.class, keys);
    keys.remove("schema");
    assertThat(keys).contains("weights", "sha256");
    assertNamed(keys, "compress.unpack/1");
  }

  @Test
  void namesTheKeysOfATraining() throws IOException {
    Set<String> keys = new TreeSet<>();
    components(DistillReport.class, keys);
    keys.remove("schema");
    assertThat(keys).hasSizeGreaterThan(25).contains("samples_per_second", "best_epoch", "before");
    assertNamed(keys, "compress.distill/1");
  }

  /** From the types, because no one model has everything. */
  @Test
  void namesTheKeysOfAnInspection() throws IOException {
    Set<String> keys = new TreeSet<>();
    components(ModelInspection.class, keys);
    keys.remove("schema");
    keys.remove("floating");
    assertThat(keys).hasSizeGreaterThan(30).contains("macs_for", "integer_mac_share", "used_by");
    assertNamed(keys, "compress.inspect/1");
  }

  /** From the types, because no one run has everything. */
  @Test
  void namesTheKeysOfAnEvaluation() throws IOException {
    Set<String> keys = new TreeSet<>();
    components(EvaluationReport.class, keys);
    keys.remove("schema");
    keys.remove("floating");
    assertThat(keys)
        .hasSizeGreaterThan(70)
        .contains("p50_ci95", "energy_estimated_j", "accuracy_drop_ci95", "integer_mac_share");
    assertNamed(keys, "compress.evaluation/1");
  }

  private static void components(Class<?> type, Set<String> keys) {
    for (RecordComponent component : type.getRecordComponents()) {
      keys.add(component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT));
      if (component.getType().isRecord()) {
        components(component.getType(), keys);
      }
      if (component.getGenericType() instanceof ParameterizedType list) {
        for (Type element : list.getActualTypeArguments()) {
          if (element instanceof Class<?> part && part.isRecord()) {
            components(part, keys);
          }
        }
      }
    }
  }
}
