package dev.compress.data;

import dev.compress.tensor.ElementType;
import java.util.List;

/**
 * One input that a dataset delivers.
 *
 * @param name its name
 * @param type the element type it is delivered in
 * @param dims the dims of one sample, without the batch dim; -1 where they differ from sample to
 *     sample. Of a constant: all its dims, -1 standing for the batch size
 * @param constant whether it is the same in every batch
 */
public record DataInput(String name, ElementType type, List<Long> dims, boolean constant) {
  /** Copies the dims. */
  public DataInput {
    dims = List.copyOf(dims);
  }

  /** Such as {@code 'x' uint8[28, 28]}. */
  @Override
  public String toString() {
    return "'" + name + "' " + DataTypes.name(type) + InputSpec.dimsText(dims);
  }
}
