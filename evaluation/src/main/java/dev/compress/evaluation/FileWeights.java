package dev.compress.evaluation;

import dev.compress.error.CancelledException;
import dev.compress.error.CompressionException;
import dev.compress.evaluation.EvaluationReport.Weights;
import dev.compress.graph.OnnxModel;
import dev.compress.pack.WeightInventory;
import dev.compress.pack.WeightInventory.Stored;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.tensor.Scratch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What pruning, clustering and packing left in the files of variants: zeros and different values
 * are counted there, not taken from what a report says.
 */
final class FileWeights {
  private FileWeights() {}

  /** Looks at all variants; of one that cannot be looked at the reason becomes a warning. */
  static void measure(List<Contender> contenders, Progress progress, List<String> warnings) {
    progress.begin("look at weights", contenders.size());
    for (Contender contender : contenders) {
      try {
        contender.weights = of(contender.model, progress);
      } catch (CancelledException e) {
        throw e;
      } catch (CompressionException e) {
        warnings.add(contender.title() + ": its weights could not be looked at: " + e.getMessage());
      }
      progress.advance(1);
    }
  }

  /** Looks at a model; null if it has no weights. */
  static @Nullable Weights of(OnnxModel model, Progress progress) {
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context = new PassContext(scratch, progress, 1, 0);
      long elements = 0;
      long zeros = 0;
      long bytes = 0;
      int packed = 0;
      Integer distinct = 0;
      List<Stored> counted = new ArrayList<>();
      for (Stored weight : WeightInventory.ofUnzipped(model, context).weights()) {
        if (weight.rank() < 2) {
          continue; // biases and scales are not what is pruned or clustered
        }
        elements += weight.elements();
        zeros += weight.zeros();
        bytes += weight.bytes();
        packed += weight.form().equals("dense") ? 0 : 1;
        counted.add(weight);
        distinct =
            distinct == null || weight.distinct().isEmpty()
                ? null
                : (Integer) Math.max(distinct, weight.distinct().getAsInt());
      }
      return elements == 0
          ? null
          : new Weights(
              elements,
              (double) zeros / elements,
              distinct,
              UsualValues.of(counted),
              8.0 * bytes / elements,
              packed);
    }
  }
}
