package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** The element types that data may have, by their NumPy names. */
final class DataTypes {
  private static final Map<String, ElementType> BY_NAME =
      Map.ofEntries(
          Map.entry("float32", ElementType.FLOAT),
          Map.entry("float64", ElementType.DOUBLE),
          Map.entry("float16", ElementType.FLOAT16),
          Map.entry("uint8", ElementType.UINT8),
          Map.entry("int8", ElementType.INT8),
          Map.entry("uint16", ElementType.UINT16),
          Map.entry("int16", ElementType.INT16),
          Map.entry("uint32", ElementType.UINT32),
          Map.entry("int32", ElementType.INT32),
          Map.entry("uint64", ElementType.UINT64),
          Map.entry("int64", ElementType.INT64),
          Map.entry("bool", ElementType.BOOL));

  private DataTypes() {}

  static ElementType parse(String name, String where) {
    String key = name.toLowerCase(Locale.ROOT);
    ElementType type =
        switch (key) {
          case "float" -> ElementType.FLOAT;
          case "double" -> ElementType.DOUBLE;
          default -> BY_NAME.get(key);
        };
    if (type == null) {
      throw new InvalidDataException(
          where
              + ": unknown dtype '"
              + name
              + "'. Known: "
              + String.join(", ", new TreeSet<>(BY_NAME.keySet()))
              + ".");
    }
    return type;
  }

  /** The NumPy name, such as "float32"; the ONNX name of what NumPy does not have. */
  static String name(ElementType type) {
    if (type.equals(ElementType.FLOAT)) {
      return "float32";
    }
    return type.equals(ElementType.DOUBLE) ? "float64" : type.name();
  }

  static boolean isReadable(ElementType type) {
    return BY_NAME.containsValue(type);
  }

  /** Whether whole numbers only: bool counts, 0 and 1. */
  static boolean isInteger(ElementType type) {
    return isReadable(type) && !type.isFloatingPoint();
  }
}
