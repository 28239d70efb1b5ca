package dev.compress.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reports as JSON text. Jackson is loaded with this class and not before. */
final class Json {
  private Json() {}

  /**
   * A report as JSON.
   *
   * @param report records, maps and lists
   * @return lines that end with a line break
   */
  static String print(Object report) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter().withObjectIndenter(indenter).withArrayIndenter(indenter);
    ObjectWriter writer = new JsonMapper().writer(printer);
    try {
      return writer.writeValueAsString(report) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A report cannot be written as JSON", e);
    }
  }

  /**
   * An error as JSON, in one line.
   *
   * @param failure the error
   */
  static String ofFailure(Failure failure) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("code", failure.code());
    error.put("message", failure.message());
    error.put("where", failure.where());
    error.put("advice", failure.advice());
    try {
      return new JsonMapper().writeValueAsString(Map.of("error", error));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("An error cannot be written as JSON", e);
    }
  }
}
