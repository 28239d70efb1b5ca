package dev.compress.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.compress.error.InvalidDataException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;

/** Typed access to the keys of one mapping in a descriptor, with errors that say where. */
final class DescriptorKeys {
  private static final int LONGEST_SIDE = 1 << 13;
  private static final long MOST_ELEMENTS = 1L << 31;

  private final JsonNode node;
  private final String where;

  private DescriptorKeys(JsonNode node, String where) {
    this.node = node;
    this.where = where;
  }

  /**
   * Checks that a node is a mapping of known keys only.
   *
   * @param where the file and the path to the node
   */
  static DescriptorKeys of(JsonNode node, String where, String... known) {
    if (!node.isObject()) {
      throw new InvalidDataException(
          where
              + " should be a mapping of "
              + String.join(", ", known)
              + ", not "
              + shown(node)
              + ".");
    }
    List<String> keys = List.of(known);
    node.fieldNames()
        .forEachRemaining(
            key -> {
              if (!keys.contains(key)) {
                throw new InvalidDataException(
                    where
                        + ": unknown key '"
                        + key
                        + "'. Known: "
                        + String.join(", ", new TreeSet<>(keys))
                        + ".");
              }
            });
    return new DescriptorKeys(node, where);
  }

  static String shown(JsonNode node) {
    String text = node.toString();
    return text.length() > 60 ? text.substring(0, 60) + "..." : text;
  }

  InvalidDataException wrong(String key, String wanted) {
    return new InvalidDataException(
        where + ": '" + key + "' should be " + wanted + ", not " + shown(node.path(key)) + ".");
  }

  String where(String key) {
    return where + ": " + key;
  }

  Optional<JsonNode> node(String key) {
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  Optional<String> text(String key) {
    return node(key)
        .map(
            value -> {
              if (!value.isValueNode()) {
                throw wrong(key, "text");
              }
              return value.asText();
            });
  }

  Optional<Boolean> bool(String key) {
    return node(key)
        .map(
            value -> {
              if (!value.isBoolean()) {
                throw wrong(key, "true or false");
              }
              return value.booleanValue();
            });
  }

  Optional<Long> whole(String key, long least) {
    return node(key)
        .map(
            value -> {
              if (!value.isIntegralNumber()
                  || !value.canConvertToLong()
                  || value.longValue() < least) {
                throw wrong(key, "a whole number of at least " + least);
              }
              return value.longValue();
            });
  }

  Optional<Double> number(String key) {
    return node(key).map(value -> number(key, value));
  }

  /** A number, or a quotient such as 1/255. */
  private double number(String key, JsonNode value) {
    if (value.isNumber() && Double.isFinite(value.doubleValue())) {
      return value.doubleValue();
    }
    String[] quotient = value.asText().split("/", -1);
    if (quotient.length == 2 && Labels.isNumber(quotient[0]) && Labels.isNumber(quotient[1])) {
      return Double.parseDouble(quotient[0]) / Double.parseDouble(quotient[1]);
    }
    throw wrong(key, "a number, a quotient such as 1/255, or a list of these");
  }

  /** One number or a list of them; empty where the key is absent. */
  List<Double> numbers(String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return List.of();
    }
    List<Double> numbers = new ArrayList<>();
    if (value.isArray()) {
      value.forEach(v -> numbers.add(number(key, v)));
    } else {
      numbers.add(number(key, value));
    }
    if (numbers.isEmpty() || !numbers.stream().allMatch(Double::isFinite)) {
      throw wrong(key, "finite numbers");
    }
    return numbers;
  }

  /** One or two positive whole numbers; empty where the key is absent. */
  List<Integer> size(String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return List.of();
    }
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode v : value.isArray() ? value : List.of(value)) {
      if (!v.isInt() || v.intValue() < 1 || v.intValue() > LONGEST_SIDE) {
        throw wrong(key, "a side of at most " + LONGEST_SIDE + " pixels, or [height, width]");
      }
      numbers.add(v.intValue());
    }
    if (numbers.isEmpty() || numbers.size() > 2) {
      throw wrong(key, "a side of at most " + LONGEST_SIDE + " pixels, or [height, width]");
    }
    return numbers;
  }

  /** Dims: whole numbers, none negative; "batch" is -1 where {@code batchAllowed}. */
  Optional<List<Long>> dims(String key, boolean batchAllowed) {
    return node(key)
        .map(
            value -> {
              if (!value.isArray()) {
                throw wrong(key, "a list of dims such as [1, 28, 28]");
              }
              List<Long> dims = new ArrayList<>();
              for (JsonNode dim : value) {
                if (batchAllowed && dim.asText().equals("batch")) {
                  dims.add(-1L);
                } else if (dim.isIntegralNumber()
                    && dim.canConvertToLong()
                    && dim.longValue() >= 1
                    && dim.longValue() <= Integer.MAX_VALUE) {
                  dims.add(dim.longValue());
                } else {
                  throw wrong(key, "a list of dims of at least 1, such as [1, 28, 28]");
                }
              }
              long elements = 1;
              for (long dim : dims) {
                elements *= Math.abs(dim);
                if (elements > MOST_ELEMENTS) {
                  throw wrong(key, "dims of at most " + MOST_ELEMENTS + " elements");
                }
              }
              return List.copyOf(dims);
            });
  }

  /** A list of texts; empty where the key is absent. */
  List<String> texts(String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return List.of();
    }
    if (!value.isArray()) {
      throw wrong(key, "a list");
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode item : value) {
      if (!item.isValueNode()) {
        throw wrong(key, "a list of names");
      }
      texts.add(item.asText());
    }
    return texts;
  }

  <E extends Enum<E>> Optional<E> choice(String key, Class<E> type) {
    return text(key)
        .map(
            text -> {
              try {
                return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
              } catch (IllegalArgumentException e) {
                List<String> names = new ArrayList<>();
                for (E constant : type.getEnumConstants()) {
                  names.add(constant.name());
                }
                throw wrong(key, "one of " + String.join(", ", names));
              }
            });
  }
}
