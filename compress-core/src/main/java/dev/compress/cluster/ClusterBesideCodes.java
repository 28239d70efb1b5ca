package dev.compress.cluster;

import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.ModelWeights;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import java.util.Optional;
import java.util.Set;

/**
 * Clusters what quantization left in float; what it did not leave has had its codes clustered.
 *
 * @param clustering of floats
 * @param known the constants that the model had before it was quantized
 */
record ClusterBesideCodes(ClusterWeights clustering, Set<String> known) implements CompressionPass {
  /** Copies. */
  ClusterBesideCodes {
    known = Set.copyOf(known);
  }

  @Override
  public String name() {
    return clustering.name();
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return clustering.notApplicable(floats(model));
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    return clustering.apply(model, floats(model), context);
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    return clustering.plan(model, floats(model));
  }

  private ModelWeights floats(OnnxModel model) {
    return ModelWeights.floatsOf(model, clustering.filter(), known);
  }
}
