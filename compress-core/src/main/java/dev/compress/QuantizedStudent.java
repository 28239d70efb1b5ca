package dev.compress;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.Pipeline;
import dev.compress.recipe.Passes;
import dev.compress.recipe.RecipeBuilder;
import dev.compress.train.CheckTrainable;
import dev.compress.train.QuantizedTraining;
import dev.compress.train.SharedValues;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A student in int8, as {@code compress --quantize int8} makes it of one, ready to learn through
 * that.
 *
 * @param training its form in training, and the way back
 * @param integerNodes how many of its nodes compute in integers
 * @param shared how many codes its weights share
 */
record QuantizedStudent(QuantizedTraining training, int integerNodes, SharedValues shared) {
  private static final int CALIBRATION_SAMPLES = 300;

  /**
   * Quantizes by ranges that are looked for in the training data.
   *
   * @param student a float model that has learned already
   * @param data of its inputs
   * @param keepsStructure whether values that are shared become codes that are
   * @param context threads, seed and scratch
   * @throws UnsupportedModelException if nothing of it would compute in integers, or it cannot be
   *     trained
   */
  static QuantizedStudent of(
      OnnxModel student, Dataset data, boolean keepsStructure, PassContext context) {
    SharedValues shared = keepsStructure ? SharedValues.of(student) : SharedValues.NONE;
    boolean sharing = shared.most() > 1;
    Passes passes =
        Passes.of(
            new RecipeBuilder()
                .quantize("int8")
                .quantizeMode("static")
                .cluster(sharing ? (Integer) shared.most() : null)
                .clusterGroups(sharing ? (Integer) shared.groups() : null)
                .build(),
            Compress.thisMachine());
    Samples samples = DatasetSamples.of(data, student, CALIBRATION_SAMPLES, context.threads());
    List<CompressionPass> all = new ArrayList<>(passes.preparing(student));
    all.add(new CheckTrainable());
    all.addAll(passes.quantizing());
    PassContext calibrating =
        new PassContext(
            context.scratch(),
            context.progress(),
            context.threads(),
            context.seed(),
            Optional.of(samples));
    List<Pipeline.PassReport> done = new Pipeline(all).run(student, calibrating).passes();
    PassResult quantized = done.get(done.size() - 1).result();
    if (quantized.traces().isEmpty()) {
      throw new UnsupportedModelException(
          "Nothing of the student would compute in integers, so it cannot learn through that. Leave"
              + " --quantization-aware away; compress --quantize int8 --dry-run tells why.");
    }
    return new QuantizedStudent(
        QuantizedTraining.of(
            quantized.model(),
            done.get(done.size() - 2).result().model(),
            passes.target().maxWeightCode(),
            new QuantizedTraining.SharedCodes(sharing ? shared.most() : 0, shared.groups())),
        quantized.traces().size(),
        shared);
  }
}
