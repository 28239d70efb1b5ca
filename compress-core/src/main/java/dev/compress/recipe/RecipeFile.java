package dev.compress.recipe;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.RecordComponent;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Recipes as files: YAML, or JSON where the name ends in {@code .json}. The keys are the long names
 * of the command line's flags; a key that is none is an error that names all.
 */
public final class RecipeFile {
  private static final long LARGEST_BYTES = 1 << 20;

  private RecipeFile() {}

  /**
   * Reads a recipe.
   *
   * @param file YAML or JSON
   * @return its settings; what it does not name is null
   * @throws IllegalArgumentException if it is malformed, naming the key or the line
   * @throws ReadWriteException if it cannot be read
   */
  public static Recipe read(Path file) {
    String text;
    try {
      if (Files.size(file) > LARGEST_BYTES) {
        throw new IllegalArgumentException(file + " is too large for a recipe.");
      }
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new ReadWriteException("No such recipe: " + file + ". Check the path.", e);
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException(file + " is no text, so no recipe.", e);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + file + ": " + IoReason.of(e) + ".", e);
    }
    return parse(text, file);
  }

  private static Recipe parse(String text, Path file) {
    if (text.lines().allMatch(line -> line.isBlank() || line.strip().startsWith("#"))) {
      return Recipe.EMPTY;
    }
    try {
      return mapper(file).readValue(text, Recipe.class);
    } catch (UnrecognizedPropertyException e) {
      String known =
          e.getKnownPropertyIds().stream()
              .map(Object::toString)
              .collect(Collectors.toCollection(TreeSet::new))
              .stream()
              .collect(Collectors.joining(", "));
      throw new IllegalArgumentException(
          file + " has the unknown key '" + e.getPropertyName() + "'; the keys are " + known + ".",
          e);
    } catch (MismatchedInputException e) {
      throw new IllegalArgumentException(
          file + ": " + key(e) + " must be " + wanted(e.getTargetType()) + line(e) + ".", e);
    } catch (JsonMappingException e) { // .nan and .inf, which only YAML takes for numbers
      throw new IllegalArgumentException(
          file + ": " + key(e) + " must be " + wanted(type(path(e))) + line(e) + ".", e);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          file + " is malformed: " + firstLine(e.getOriginalMessage()) + line(e) + ".", e);
    }
  }

  /**
   * A recipe as text.
   *
   * @param recipe its settings; those that are null are left out
   * @param file decides the form: JSON where its name ends in {@code .json}, else YAML
   */
  public static String print(Recipe recipe, Path file) {
    try {
      String text = mapper(file).writeValueAsString(recipe);
      return text.endsWith("\n") ? text : text + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A recipe of plain values cannot be printed", e);
    }
  }

  /**
   * Writes a recipe; an existing file is replaced.
   *
   * @param recipe its settings; those that are null are left out
   * @param file JSON where its name ends in {@code .json}, else YAML
   * @throws ReadWriteException if it cannot be written
   */
  public static void write(Recipe recipe, Path file) {
    try {
      Files.writeString(file, print(recipe, file));
    } catch (IOException e) {
      throw new ReadWriteException("Cannot write recipe " + file + ": " + IoReason.of(e) + ".", e);
    }
  }

  /** One line of JSON. */
  public static String toJson(Recipe recipe) {
    // Written field by field: a mapper, with all that it loads, would take longer than small
    // models.
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      for (Map.Entry<String, Object> setting : toMap(recipe).entrySet()) {
        json.writeFieldName(setting.getKey());
        Object value = setting.getValue();
        if (value instanceof Integer number) {
          json.writeNumber(number);
        } else if (value instanceof Long number) {
          json.writeNumber(number);
        } else if (value instanceof Double number) {
          json.writeNumber(number);
        } else if (value instanceof Boolean yes) {
          json.writeBoolean(yes);
        } else {
          json.writeString(value.toString());
        }
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("A recipe of plain values cannot be printed", e);
    }
    return text.toString();
  }

  /**
   * A recipe as the report holds it: only what is set, under the flags' names.
   *
   * @param recipe its settings
   */
  public static Map<String, Object> toMap(Recipe recipe) {
    Map<String, Object> settings = new LinkedHashMap<>();
    for (RecordComponent component : Recipe.class.getRecordComponents()) {
      try {
        Object value = component.getAccessor().invoke(recipe);
        if (value != null) {
          settings.put(flag(component.getName()), value);
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("A recipe's settings are public", e);
      }
    }
    return settings;
  }

  /** The flag of a setting: {@code calibration-data} of {@code calibrationData}. */
  private static String flag(String name) {
    StringBuilder flag = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (Character.isUpperCase(c)) {
        flag.append('-').append(Character.toLowerCase(c));
      } else {
        flag.append(c);
      }
    }
    return flag.toString();
  }

  private static ObjectMapper mapper(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".json")
        ? strict(JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)).build()
        : strict(
                YAMLMapper.builder()
                    .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                    .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES))
            .build();
  }

  private static <M extends ObjectMapper, B extends MapperBuilder<M, B>> B strict(B builder) {
    return builder
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .withCoercionConfig(
            LogicalType.Textual,
            config ->
                config
                    .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
        .enable(SerializationFeature.INDENT_OUTPUT);
  }

  private static String key(JsonMappingException e) {
    String path = path(e);
    return path.isEmpty() ? "the recipe" : "'" + path + "'";
  }

  private static String path(JsonMappingException e) {
    return e.getPath().stream()
        .map(JsonMappingException.Reference::getFieldName)
        .filter(name -> name != null)
        .collect(Collectors.joining("."));
  }

  private static Class<?> type(String key) {
    return Arrays.stream(Recipe.class.getRecordComponents())
        .filter(component -> flag(component.getName()).equals(key))
        .<Class<?>>map(RecordComponent::getType)
        .findFirst()
        .orElse(Recipe.class);
  }

  private static String wanted(Class<?> type) {
    if (type == Integer.class || type == Long.class) {
      return "a whole number";
    }
    if (type == Double.class) {
      return "a number";
    }
    if (type == Boolean.class) {
      return "true or false";
    }
    return type == String.class ? "a text" : "keys with values";
  }

  private static String line(JsonProcessingException e) {
    return e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
  }

  private static String firstLine(String message) {
    String line = message.lines().findFirst().orElse("").strip();
    int position = line.indexOf(" (start marker at"); // the line is named anyway
    return position < 0 ? line : line.substring(0, position);
  }
}
