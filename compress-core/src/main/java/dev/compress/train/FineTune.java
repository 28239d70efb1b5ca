package dev.compress.train;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.Dataset;
import dev.compress.data.LabelKind;
import dev.compress.error.CancelledException;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.train.Objective.Teaching;
import dev.compress.train.TeacherSignal.Kind;
import dev.compress.train.TrainingSettings.RunSettings;
import dev.compress.train.TrainingSummary.Reason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Trains what was made of a model to do again what the model did: from labels and from the original
 * as a teacher. Zeros stay zero, shared values shared, channels removed.
 *
 * @param plan how
 * @param data on what
 * @param original the model before anything was taken from it
 */
public record FineTune(Plan plan, TuningData data, OnnxModel original) implements CompressionPass {
  private static final int BATCH = 64;
  private static final double TEMPERATURE = 2;
  private static final double ALPHA = 0.5;

  /**
   * How to tune.
   *
   * @param epochs how long
   * @param rate the largest learning rate, of AdamW along a cosine
   * @param pruning zeros that come meanwhile; empty: none
   */
  public record Plan(int epochs, double rate, Optional<GradualPruning> pruning) {
    /** For a model that has lost weights. */
    public static final double RATE = 1e-3;

    /** Checks. */
    public Plan {
      if (epochs < 1) {
        throw new IllegalArgumentException("--fine-tune must be 1 epoch or more, not " + epochs);
      }
    }
  }

  @Override
  public String name() {
    return "fine-tune";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return Optional.empty();
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    return PassResult.of(model, trained(model, Map.of()), List.of());
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    TrainingEngine engine = TrainingEngine.ready();
    engine.requireTrainable(model);
    TrainingData bound = bound(model, context.seed());
    boolean labels = bound.training().labelKind() != LabelKind.NONE;
    boolean values = bound.training().labelKind() == LabelKind.VALUE;
    Task task = values ? Task.REGRESSION : taskOf(model, labels);
    int threads = context.threads();
    try (LiveTeacher teacher = new LiveTeacher(original, signals(model), threads);
        LiveTeacher judge = new LiveTeacher(original, signals(model).subList(0, 1), threads)) {
      Teaching teaching =
          new Teaching(teacher, labels ? Optional.empty() : Optional.of(judge), TEMPERATURE, ALPHA);
      Structure kept = Structure.of(model);
      TrainingResult result =
          engine.train(
              new TrainingJob(
                  model,
                  bound,
                  new Objective(task, Optional.of(teaching), labels, List.of()),
                  settings(context),
                  plan.pruning().map(kept::prunedBy).orElse(kept),
                  TrainingFiles.NONE),
              context.progress());
      return result(model, result);
    }
  }

  private TrainingSettings settings(PassContext context) {
    return new TrainingSettings(
        plan.epochs(),
        BATCH,
        OptimizerSettings.ADAMW.withWeightDecay(1e-4),
        LearningRate.cosine(plan.rate()),
        Augmentation.NONE,
        new RunSettings(context.seed(), context.threads(), 0));
  }

  private TrainingData bound(OnnxModel model, long seed) {
    Dataset training = data.training().bind(DatasetSamples.inputsOf(model.graph()));
    return data.selection()
        .map(s -> s.bind(DatasetSamples.inputsOf(model.graph())))
        .map(s -> new TrainingData(training, s))
        .orElseGet(() -> TrainingData.split(training, seed));
  }

  private static Task taskOf(OnnxModel model, boolean labels) {
    String output = model.graph().outputs().get(0).name();
    boolean scores = Head.of(model.graph(), output).form() == Head.Form.SCORES;
    return labels || !scores ? Task.CLASSIFICATION : Task.REGRESSION;
  }

  private List<TeacherSignal> signals(OnnxModel model) {
    List<TeacherSignal> signals = new ArrayList<>();
    for (ValueInfo output : model.graph().outputs()) {
      String name = output.name();
      signals.add(
          new TeacherSignal(
              Kind.OUTPUT,
              Head.of(original.graph(), name).value(),
              Head.of(model.graph(), name).value()));
    }
    return signals;
  }

  private PassResult result(OnnxModel before, TrainingResult result) {
    TrainingSummary summary = result.summary();
    if (summary.stopped().reason() == Reason.INTERRUPTED) {
      throw new CancelledException("Interrupted while it was tuned; nothing was written.");
    }
    List<String> warnings = new ArrayList<>();
    if (summary.stopped().reason() == Reason.DIVERGED) {
      warnings.add(
          "While it was tuned, the loss was no number at step "
              + summary.stopped().step()
              + ": the best model until then was kept.");
    }
    Map<String, Initializer> old = new HashMap<>();
    before.graph().initializers().forEach(i -> old.put(i.name(), i));
    Double best = summary.best();
    String note =
        String.format(
            Locale.ROOT,
            "Tuned for %d epochs on %s; epoch %d was the best%s.",
            summary.epochs().size(),
            data.training().name(),
            summary.bestEpoch(),
            best == null ? "" : String.format(Locale.ROOT, ", %s %.4f", summary.metric(), best));
    if (summary.bestEpoch() == 0) {
      return new PassResult(
          plan.pruning().map(p -> p.pruner().prune(before, p.share())).orElse(before),
          List.of(),
          List.of(),
          warnings,
          List.of(),
          List.of("Tuning made nothing better: the weights are as they were."));
    }
    return new PassResult(
        result.model(),
        trained(result.model(), old),
        List.of(),
        warnings,
        List.of(),
        List.of(note));
  }

  /** The nodes that read a weight that differs. */
  private static List<Change> trained(OnnxModel model, Map<String, Initializer> old) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    Set<Node> nodes = new LinkedHashSet<>();
    for (Initializer initializer : graph.initializers()) {
      boolean weight =
          initializer.tensor().type().isFloatingPoint() && initializer.tensor().shape().rank() >= 2;
      if (weight && old.get(initializer.name()) != initializer) {
        index.uses(initializer.name()).forEach(use -> nodes.add(use.node()));
      }
    }
    return nodes.stream().map(node -> Change.of(node, "weights tuned")).toList();
  }
}
