package dev.compress.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
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
    ObjectWriter writer = mapper().writer(printer);
    try {
      return writer.writeValueAsString(report) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A report cannot be written as JSON", e);
    }
  }

  /**
   * A report with the error that came of it, as one document.
   *
   * @param report a record
   * @param failure the error
   */
  static String print(Object report, Failure failure) {
    ObjectNode tree = mapper().valueToTree(report);
    tree.set("error", mapper().valueToTree(error(failure)));
    return print(tree);
  }

  private static Map<String, Object> error(Failure failure) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("code", failure.code());
    error.put("message", failure.message());
    error.put("where", failure.where());
    error.put("advice", failure.advice());
    return error;
  }

  /**
   * An error as JSON, in one line.
   *
   * @param failure the error
   */
  static String ofFailure(Failure failure) {
    try {
      return mapper().writeValueAsString(Map.of("error", error(failure)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("An error cannot be written as JSON", e);
    }
  }

  /** JSON has no infinite numbers: what is not a number is not known, so null. */
  private static JsonMapper mapper() {
    SimpleModule finite = new SimpleModule();
    finite.addSerializer(Double.class, new FiniteOrNull());
    finite.addSerializer(Double.TYPE, new FiniteOrNull());
    return JsonMapper.builder().addModule(finite).build();
  }

  private static final class FiniteOrNull extends StdSerializer<Double> {
    private static final long serialVersionUID = 1L;

    FiniteOrNull() {
      super(Double.class);
    }

    @Override
    public void serialize(Double value, JsonGenerator generator, SerializerProvider provider)
        throws IOException {
      if (Double.isFinite(value)) {
        generator.writeNumber(value);
      } else {
        generator.writeNull();
      }
    }
  }
}
