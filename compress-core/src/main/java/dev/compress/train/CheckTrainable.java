package dev.compress.train;

import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import java.util.Optional;

/** Refuses what will not be trainable, before more work is put into it; changes nothing. */
public record CheckTrainable() implements CompressionPass {
  @Override
  public String name() {
    return "check-trainable";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    TrainingEngine.ready().requireTrainable(model);
    return PassResult.unchanged(model);
  }
}
