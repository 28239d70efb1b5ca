package dev.compress.runtime;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The node events of a profile that the runtime wrote: what was really executed. */
final class Profile {
  private static final String KERNEL = "_kernel_time";

  private Profile() {}

  /** A tensor's type, in the runtime's words, and shape. */
  record TypedShape(String type, Shape shape) {}

  /**
   * One executed node.
   *
   * @param name its name in the optimized graph
   * @param op its operator there
   * @param provider the execution provider whose kernel it was
   * @param nanos the time of all its executions
   * @param outputs its outputs at the first execution
   */
  record Event(String name, String op, String provider, long nanos, List<TypedShape> outputs) {
    Event plus(Event again) {
      return new Event(name, op, provider, nanos + again.nanos, outputs);
    }
  }

  /** The executed nodes, in order of their first execution. */
  static List<Event> read(Path file) {
    Map<String, Event> events = new LinkedHashMap<>();
    try (JsonParser json = new JsonFactory().createParser(Files.newInputStream(file))) {
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.START_OBJECT) {
          Event event = event(json);
          if (!event.op().isEmpty()) {
            events.merge(event.name() + " " + event.op(), event, Event::plus);
          }
        }
      }
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot read the profile " + file + ": " + IoReason.of(e) + ".", e);
    }
    Collection<Event> inOrder = events.values();
    return List.copyOf(inOrder);
  }

  /** Events that are not of a node's kernel come back without an operator. */
  private static Event event(JsonParser json) throws IOException {
    String name = "";
    String op = "";
    String provider = "";
    long micros = 0;
    List<TypedShape> outputs = List.of();
    boolean kernel = false;
    int depth = 1;
    while (depth > 0) {
      JsonToken token = json.nextToken();
      if (token == JsonToken.START_OBJECT) {
        depth++;
      } else if (token == JsonToken.END_OBJECT) {
        depth--;
      } else if (token == JsonToken.FIELD_NAME) {
        switch (json.currentName()) {
          case "name" -> {
            String text = json.nextTextValue();
            kernel = text != null && text.endsWith(KERNEL);
            name = kernel ? text.substring(0, text.length() - KERNEL.length()) : "";
          }
          case "op_name" -> op = String.valueOf(json.nextTextValue());
          case "provider" -> provider = String.valueOf(json.nextTextValue());
          case "dur" -> micros = json.nextLongValue(0);
          case "output_type_shape" -> {
            json.nextToken();
            outputs = typedShapes(json);
          }
          default -> {
            if (json.nextToken() == JsonToken.START_OBJECT) {
              depth++;
            } else {
              json.skipChildren();
            }
          }
        }
      } else if (token == null) {
        throw new IOException("it ends early");
      }
    }
    return new Event(name, kernel ? op : "", provider, micros * 1000, outputs);
  }

  /** {@code [{"uint8":[1,25,5,64]},...]}. */
  private static List<TypedShape> typedShapes(JsonParser json) throws IOException {
    List<TypedShape> shapes = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() == JsonToken.FIELD_NAME) {
        String type = json.currentName();
        json.nextToken();
        List<Long> dims = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          dims.add(json.getLongValue());
        }
        long[] sizes = dims.stream().mapToLong(Long::longValue).toArray();
        shapes.add(new TypedShape(type, Shape.of(sizes)));
      }
    }
    return shapes;
  }
}
