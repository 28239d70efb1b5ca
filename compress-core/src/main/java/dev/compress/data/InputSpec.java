package dev.compress.data;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a model wants of one input, as far as data is concerned.
 *
 * @param name the input's name
 * @param type its element type
 * @param dims its dims, the batch dim first where there is one; {@link #ANY} where any size is
 *     right; {@link #ANY_RANK} alone where not even their number is known
 */
public record InputSpec(String name, ElementType type, List<Long> dims) {
  /** The size of a dim that may be anything. */
  public static final long ANY = -1;

  /** The only entry of {@code dims} where nothing is known of them. */
  public static final long ANY_RANK = -2;

  /** Copies the dims. */
  public InputSpec {
    dims = List.copyOf(dims);
    boolean anyRank = dims.equals(List.of(ANY_RANK));
    if (!anyRank && dims.stream().anyMatch(dim -> dim < ANY)) {
      throw new IllegalArgumentException("Dims " + dims + " of input '" + name + "'");
    }
  }

  /**
   * An input.
   *
   * @param name the input's name
   * @param type its element type
   * @param dims its dims, {@link #ANY} where any size is right
   */
  public static InputSpec of(String name, ElementType type, long... dims) {
    return new InputSpec(name, type, Arrays.stream(dims).boxed().toList());
  }

  /**
   * An input as a model declares it.
   *
   * @param input one of a model's or session's inputs
   * @throws UnsupportedModelException if it is no tensor
   */
  public static InputSpec of(ValueInfo input) {
    if (!(input.type() instanceof ValueType.TensorType tensor)) {
      throw new UnsupportedModelException(
          "The model's input '"
              + input.name()
              + "' is a "
              + input.type()
              + ", and no dataset delivers these. Datasets deliver tensors.");
    }
    List<Long> dims =
        tensor
            .shape()
            .map(shape -> shape.stream().map(Dim::sizeOrUnknown).toList())
            .orElse(List.of(ANY_RANK));
    return new InputSpec(input.name(), tensor.element(), dims);
  }

  /** Whether not even the number of dims is known. */
  public boolean anyRank() {
    return dims.equals(List.of(ANY_RANK));
  }

  /** Such as {@code 'image' float32[?, 1, 28, 28]}. */
  @Override
  public String toString() {
    return "'" + name + "' " + DataTypes.name(type) + (anyRank() ? "[...]" : dimsText(dims));
  }

  static String dimsText(List<Long> dims) {
    return dims.stream()
        .map(d -> d < 0 ? "?" : Long.toString(d))
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
