package dev.compress.inspect;

import dev.compress.graph.OnnxModel;

/**
 * How many parameters a model has, wherever they are: initializers, {@code Constant} nodes and
 * those of subgraphs and functions. int64 are shapes and indices and do not count.
 *
 * @param elements how many
 * @param bytes they take
 */
public record ParameterTotals(long elements, long bytes) {
  /** Those of a model. */
  public static ParameterTotals of(OnnxModel model) {
    long elements = 0;
    long bytes = 0;
    for (Constants.Constant constant : Constants.of(model).all()) {
      long parameters = constant.parameters();
      if (parameters > 0) {
        elements += parameters;
        bytes += constant.tensor.byteSize();
      }
    }
    return new ParameterTotals(elements, bytes);
  }
}
