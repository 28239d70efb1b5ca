package dev.compress.inspect;

import dev.compress.graph.OnnxModel;

/**
 * How many parameters a model has, wherever they are: initializers, {@code Constant} nodes and
 * those of subgraphs and functions. int64 are shapes and indices and do not count. A packed weight
 * counts as what it is unpacked to.
 *
 * @param elements how many
 * @param bytes they take in the file
 */
public record ParameterTotals(long elements, long bytes) {
  /** Those of a model. */
  public static ParameterTotals of(OnnxModel model) {
    long elements = 0;
    long bytes = 0;
    for (Constants.Constant constant : Constants.of(model).all()) {
      elements += constant.parameters;
      bytes += constant.isWeight() ? constant.tensor.byteSize() : 0;
    }
    return new ParameterTotals(elements, bytes);
  }
}
