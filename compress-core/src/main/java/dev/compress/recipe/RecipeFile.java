package dev.compress.recipe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Recipes as YAML or JSON; the keys are the flags of the command line. */
public final class RecipeFile {
  private RecipeFile() {}

  /**
   * Reads a recipe, YAML or JSON.
   *
   * @throws ReadWriteException if the file cannot be read
   * @throws IllegalArgumentException if it is no recipe; unknown keys are named with the known ones
   */
  public static Recipe read(Path file) {
    try {
      // JSON is YAML too.
      Recipe recipe =
          new ObjectMapper(new YAMLFactory()).readValue(Files.readString(file), Recipe.class);
      return recipe == null ? Recipe.EMPTY : recipe;
    } catch (UnrecognizedPropertyException e) {
      throw new IllegalArgumentException(
          file + ": unknown key '" + e.getPropertyName() + "'; known: " + e.getKnownPropertyIds(),
          e);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + ": " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read recipe " + file + ": " + e.getMessage() + ".", e);
    }
  }

  /**
   * Writes a recipe: JSON if the file's name ends so, else YAML.
   *
   * @throws ReadWriteException if the file cannot be written
   */
  public static void write(Recipe recipe, Path file) {
    try {
      ObjectMapper mapper =
          file.toString().endsWith(".json")
              ? new ObjectMapper()
              : new ObjectMapper(
                  new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER));
      Files.writeString(
          file,
          mapper.writerWithDefaultPrettyPrinter().writeValueAsString(recipe),
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot write recipe " + file + ": " + e.getMessage() + ".", e);
    }
  }

  /** One line of JSON. */
  public static String toJson(Recipe recipe) {
    try {
      return new ObjectMapper().writeValueAsString(recipe);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a recipe sets, by key. */
  public static Map<String, Object> toMap(Recipe recipe) {
    return new ObjectMapper().convertValue(recipe, new TypeReference<Map<String, Object>>() {});
  }
}
