package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;

/** Checks that the parts of a sparse constant fit together. */
final class SparseValidator {
  private SparseValidator() {}

  static void check(SparseInitializer sparse) {
    Shape values = sparse.values().tensor().shape();
    Shape indices = sparse.indices().tensor().shape();
    Shape dense;
    try {
      long[] dims = new long[sparse.dims().size()];
      for (int i = 0; i < dims.length; i++) {
        dims[i] = sparse.dims().get(i);
      }
      dense = Shape.of(dims);
    } catch (IllegalArgumentException e) {
      throw new InvalidModelException(
          "Sparse initializer " + sparse.name() + ": " + e.getMessage() + ".", e);
    }
    boolean flat = indices.rank() == 1;
    boolean coordinates = indices.rank() == 2 && indices.dim(1) == dense.rank();
    boolean fits =
        values.rank() == 1
            && (flat || coordinates)
            && indices.dim(0) == values.dim(0)
            && values.dim(0) <= dense.elementCount()
            && sparse.indices().tensor().type().equals(ElementType.INT64);
    if (!fits) {
      throw new InvalidModelException(
          "Sparse initializer "
              + sparse.name()
              + " of shape "
              + dense
              + " has values of shape "
              + values
              + " and indices of "
              + sparse.indices().tensor().type()
              + indices
              + ", which do not fit together. The model is damaged: export it again.");
    }
  }
}
