package dev.compress.graph;

/**
 * A value's declaration: graph input, graph output, or an inner value's type.
 *
 * @param name the value
 * @param type its declared type
 * @param docString for people, mostly empty
 * @param extras further fields
 */
public record ValueInfo(String name, ValueType type, String docString, Extras extras) {
  /** A declaration without more. */
  public static ValueInfo of(String name, ValueType type) {
    return new ValueInfo(name, type, "", Extras.NONE);
  }
}
