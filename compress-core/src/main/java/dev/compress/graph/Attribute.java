package dev.compress.graph;

import dev.compress.graph.AttributeValue.Bytes;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * A node's attribute.
 *
 * @param name its name
 * @param value its value
 * @param docString for people, mostly empty
 * @param extras further fields
 */
public record Attribute(String name, AttributeValue value, String docString, Extras extras) {
  private static Attribute of(String name, AttributeValue value) {
    return new Attribute(name, value, "", Extras.NONE);
  }

  /** An integer attribute. */
  public static Attribute of(String name, long value) {
    return of(name, new AttributeValue.IntValue(value));
  }

  /** A float attribute. */
  public static Attribute of(String name, float value) {
    return of(name, new AttributeValue.FloatValue(value));
  }

  /** A text attribute. */
  public static Attribute of(String name, String value) {
    return of(name, new AttributeValue.StringValue(Bytes.utf8(value)));
  }

  /** An attribute of integers. */
  public static Attribute of(String name, long[] values) {
    return of(name, new AttributeValue.IntsValue(Arrays.stream(values).boxed().toList()));
  }

  /** An attribute of floats. */
  public static Attribute ofFloats(String name, List<Float> values) {
    return of(name, new AttributeValue.FloatsValue(values));
  }

  /** A tensor attribute. */
  public static Attribute of(String name, Tensor value) {
    return of(name, new AttributeValue.TensorValue(Initializer.of("", value)));
  }

  /** A subgraph attribute. */
  public static Attribute of(String name, Graph value) {
    return of(name, new AttributeValue.GraphValue(value));
  }
}
