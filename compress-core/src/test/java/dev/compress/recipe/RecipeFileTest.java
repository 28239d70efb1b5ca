package dev.compress.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeFileTest {
  private static final String YAML =
      """
      # a comment
      quantize: int8
      calibration-samples: 100
      max-drop: 0.3
      strict: true
      exclude-nodes: "^head/.*"
      """;

  @TempDir Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void readsYaml() throws IOException {
    Recipe recipe = RecipeFile.read(file("r.yaml", YAML));
    assertThat(RecipeFile.toMap(recipe))
        .isEqualTo(
            Map.of(
                "quantize",
                "int8",
                "calibration-samples",
                100,
                "max-drop",
                0.3,
                "strict",
                true,
                "exclude-nodes",
                "^head/.*"));
  }

  /** The mapper, which is not used there for what it takes to load, is the independent one here. */
  @Test
  void oneLineIsWhatAMapperMakesOfAllSettings() throws Exception {
    RecordComponent[] components = Recipe.class.getRecordComponents();
    Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < values.length; i++) {
      types[i] = components[i].getType();
      values[i] =
          Map.<Class<?>, Object>of(
                  Integer.class,
                  i,
                  Long.class,
                  Long.MAX_VALUE - i,
                  Double.class,
                  i / 3e9,
                  Boolean.class,
                  i % 2 == 0,
                  String.class,
                  "\"\\\n\u0001\u20ac/" + i)
              .get(types[i]);
      assertThat(values[i]).as(components[i].toString()).isNotNull();
    }
    Recipe all = Recipe.class.getDeclaredConstructor(types).newInstance(values);
    for (Recipe recipe : List.of(all, Recipe.EMPTY)) {
      JsonMapper mapper = JsonMapper.builder().build();
      assertThat(RecipeFile.toJson(recipe)).isEqualTo(mapper.writeValueAsString(recipe));
      assertThat(RecipeFile.toMap(recipe)).isEqualTo(mapper.convertValue(recipe, Map.class));
    }
  }

  @Test
  void readsJsonUnderEitherName() throws IOException {
    String json = "{\"quantize\": \"int4\", \"seed\": 7}";
    for (String name : new String[] {"r.json", "r.yaml"}) {
      Recipe recipe = RecipeFile.read(file(name, json));
      assertThat(recipe.quantize()).isEqualTo("int4");
      assertThat(recipe.seed()).isEqualTo(7);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"saved.yaml", "saved.yml", "saved.json"})
  void readsWhatItPrints(String name) throws IOException {
    Recipe recipe = RecipeFile.read(file("r.yaml", YAML));
    String text = RecipeFile.print(recipe, Path.of(name));
    assertThat(text.startsWith("{")).isEqualTo(name.endsWith(".json"));
    assertThat(text).doesNotContain("null").endsWith("\n");
    assertThat(RecipeFile.read(file(name, text))).isEqualTo(recipe);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "# nothing\n", "{}"})
  void anEmptyFileSetsNothing(String text) throws IOException {
    assertThat(RecipeFile.read(file("r.yaml", text))).isEqualTo(Recipe.EMPTY);
  }

  @Test
  void namesAllKeysWhereOneIsUnknown() throws IOException {
    Path file = file("r.yaml", "quantise: int8\n");
    assertThatThrownBy(() -> RecipeFile.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown key 'quantise'")
        .hasMessageContaining("calibration-data, calibration-method")
        .hasMessageContaining("quantize, ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "calibration-samples: many | 'calibration-samples' must be a whole number (line 1)",
        "calibration-samples: 1.5 | 'calibration-samples' must be a whole number",
        "max-drop: [1] | 'max-drop' must be a number",
        "prune: .nan | 'prune' must be a number (line 1)",
        "low-rank: -.Inf | 'low-rank' must be a number",
        "fine-tune: .inf | 'fine-tune' must be a whole number",
        "strict: 3 | 'strict' must be true or false",
        "quantize: 8 | 'quantize' must be a text",
        "just words | the recipe must be keys with values",
        "quantize: 'int8 | is malformed",
        "{seed: 1, seed: 2} | is malformed",
      })
  void saysWhatIsWrong(String text, String message) throws IOException {
    Path file = file("r.yaml", text);
    assertThatThrownBy(() -> RecipeFile.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void aMissingFileIsAReadingError() {
    assertThatThrownBy(() -> RecipeFile.read(folder.resolve("none.yaml")))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("none.yaml");
  }
}
