package dev.compress.train;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.quantize.QuantizeInt8;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Quantization-aware training: what the quantization pass wrote learns, read through fake
 * quantization, to do what the original did; then codes, scales and biases are put back into the
 * same graph. Zeros stay zero, shared codes shared.
 *
 * @param epochs how long
 * @param run the trainings of this transformation: data and files
 * @param original the model before anything was done to it
 * @param floats the model before it was quantized
 * @param quantization the pass that wrote it
 */
public record TuneQuantized(
    int epochs, TuningRun run, OnnxModel original, OnnxModel floats, QuantizeInt8 quantization)
    implements CompressionPass {
  /** What is right already is moved a little. */
  public static final double RATE = 1e-4;

  /** Checks. */
  public TuneQuantized {
    if (epochs < 1) {
      throw new IllegalArgumentException("--fine-tune must be 1 epoch or more, not " + epochs);
    }
  }

  @Override
  public String name() {
    return "quantization-aware-training";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return QdqGraph.of(model).values().isEmpty()
        ? Optional.of(new NotApplicable("no node computes in integers by calibrated ranges"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    if (run.stopped() || notApplicableTo(model).isPresent()) {
      return PassResult.unchanged(model);
    }
    QuantizedTraining ready =
        QuantizedTraining.of(
            model,
            floats,
            quantization.target().maxWeightCode(),
            new QuantizedTraining.SharedCodes(
                quantization.codes().most(), quantization.codes().groups()));
    Tutoring tutoring = new Tutoring(name(), run, original);
    TrainingResult result = tutoring.train(ready.model(), ready.structure(), epochs, RATE, context);
    TrainingSummary summary = result.summary();
    if (summary.bestEpoch() == 0) {
      return new PassResult(
          model,
          List.of(),
          List.of(),
          Tutoring.warnings(summary),
          List.of(),
          List.of(
              "Quantization-aware training made nothing better: the model is as it was"
                  + " quantized."));
    }
    FakeQuantization learned = ready.structure().quantization();
    String what =
        String.format(
            Locale.ROOT,
            "%d weights and %d ranges were learned through quantization",
            learned.weights().size(),
            learned.scales().size() - learned.weights().size());
    return new PassResult(
        ready.write(result),
        changes(model, ready),
        List.of(),
        Tutoring.warnings(summary),
        List.of(),
        List.of(tutoring.account(what, summary)));
  }

  private static List<Change> changes(OnnxModel model, QuantizedTraining ready) {
    GraphIndex index = new GraphIndex(model.graph());
    Set<Node> nodes = new LinkedHashSet<>();
    ready
        .source()
        .weights()
        .forEach(w -> index.uses(w.value()).forEach(use -> nodes.add(use.node())));
    return nodes.stream().map(node -> Change.of(node, "codes and scales learned")).toList();
  }
}
