package dev.compress.data;

import dev.compress.tensor.ElementType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a model wants of one input, as far as data is concerned.
 *
 * @param name the input's name
 * @param type its element type
 * @param dims its dims, the batch dim first where there is one; -1 where any size is right
 */
public record InputSpec(String name, ElementType type, List<Long> dims) {
  /** The size of a dim that may be anything. */
  public static final long ANY = -1;

  /** Copies the dims. */
  public InputSpec {
    dims = List.copyOf(dims);
    for (long dim : dims) {
      if (dim < ANY) {
        throw new IllegalArgumentException("Dim " + dim + " of input '" + name + "'");
      }
    }
  }

  /**
   * An input.
   *
   * @param name the input's name
   * @param type its element type
   * @param dims its dims, -1 where any size is right
   */
  public static InputSpec of(String name, ElementType type, long... dims) {
    return new InputSpec(name, type, Arrays.stream(dims).boxed().toList());
  }

  /** Such as {@code 'image' float32[?, 1, 28, 28]}. */
  @Override
  public String toString() {
    return "'" + name + "' " + DataTypes.name(type) + dimsText(dims);
  }

  static String dimsText(List<Long> dims) {
    return dims.stream()
        .map(d -> d < 0 ? "?" : Long.toString(d))
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
