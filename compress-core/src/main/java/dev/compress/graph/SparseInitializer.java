package dev.compress.graph;

import java.util.List;

/**
 * A constant in coordinate form.
 *
 * @param values the stored values, shape [NNZ]; their name is the constant's name
 * @param indices their positions, int64, shape [NNZ] (flat) or [NNZ, rank]
 * @param dims the dense shape
 * @param extras further fields
 */
public record SparseInitializer(
    Initializer values, Initializer indices, List<Long> dims, Extras extras) {
  public SparseInitializer {
    dims = List.copyOf(dims);
  }

  /** The constant's name. */
  public String name() {
    return values.name();
  }
}
