package dev.compress.train;

import dev.compress.data.Dataset;
import dev.compress.data.LabelKind;
import dev.compress.error.CancelledException;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.pass.PassContext;
import dev.compress.train.Objective.Teaching;
import dev.compress.train.TeacherSignal.Kind;
import dev.compress.train.TrainingSettings.RunSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Teaches what was made of a model to do again what the model did: from labels, where there are
 * any, and from the model as a teacher.
 *
 * @param pass that trains
 * @param run the trainings of the transformation
 * @param original the model before anything was done to it
 */
record Tutoring(String pass, TuningRun run, OnnxModel original) {
  private static final int BATCH = 64;
  private static final double TEMPERATURE = 2;
  private static final double ALPHA = 0.5;
  private static final double DECAY = 1e-4;

  /**
   * Trains.
   *
   * @param model what was made
   * @param kept what of it must stay
   * @param epochs how long
   * @param rate the largest learning rate, of AdamW along a cosine
   * @throws CancelledException if the user stopped it before there was anything to keep
   */
  TrainingResult train(
      OnnxModel model, Structure kept, int epochs, double rate, PassContext context) {
    TrainingEngine engine = TrainingEngine.ready();
    engine.requireTrainable(model);
    TrainingData bound = bound(model, context.seed());
    boolean labels = bound.training().labelKind() != LabelKind.NONE;
    boolean values = bound.training().labelKind() == LabelKind.VALUE;
    Task task = values ? Task.REGRESSION : taskOf(model, labels);
    int threads = context.threads();
    TrainingSettings settings =
        new TrainingSettings(
            epochs,
            BATCH,
            OptimizerSettings.ADAMW.withWeightDecay(DECAY),
            LearningRate.cosine(rate),
            run.augmentation(),
            new RunSettings(context.seed(), threads, 0));
    try (LiveTeacher teacher = new LiveTeacher(original, signals(model), threads);
        LiveTeacher judge = new LiveTeacher(original, signals(model).subList(0, 1), threads)) {
      Teaching teaching =
          new Teaching(teacher, labels ? Optional.empty() : Optional.of(judge), TEMPERATURE, ALPHA);
      TrainingResult result =
          engine.train(
              new TrainingJob(
                  model,
                  bound,
                  new Objective(task, Optional.of(teaching), labels, List.of()),
                  settings,
                  kept,
                  run.next()),
              context.progress());
      run.over(pass, result.summary());
      return result;
    }
  }

  private TrainingData bound(OnnxModel model, long seed) {
    Dataset training = TrainingData.bind(run.data().training(), model);
    return run.data()
        .selection()
        .map(s -> TrainingData.bind(s, model))
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

  /** What users should know of how it ended. */
  static List<String> warnings(TrainingSummary summary) {
    return switch (summary.stopped().reason()) {
      case DIVERGED ->
          List.of(
              "While it was tuned, the loss was no number at step "
                  + summary.stopped().step()
                  + ": the best model until then was kept.");
      case INTERRUPTED ->
          List.of("Interrupted while it was tuned: it holds the best so far, and was not proven.");
      case FINISHED, EARLY_STOP -> List.of();
    };
  }

  /** How long, on what, and what became of the metric and the loss. */
  String account(String what, TrainingSummary summary) {
    List<TrainingSummary.Epoch> epochs = summary.epochs();
    Double best = summary.best();
    Double before = summary.before();
    StringBuilder text = new StringBuilder(what);
    text.append(
        String.format(
            Locale.ROOT,
            " for %d %s on %s; epoch %d was the best",
            epochs.size(),
            epochs.size() == 1 ? "epoch" : "epochs",
            run.data().training().name(),
            summary.bestEpoch()));
    if (best != null) {
      text.append(String.format(Locale.ROOT, ", %s ", summary.metric()));
      if (before != null) {
        text.append(String.format(Locale.ROOT, "%.4f before, ", before));
      }
      text.append(String.format(Locale.ROOT, "%.4f after", best));
      text.append(
          run.data()
              .selection()
              .map(s -> " on " + s.name())
              .orElse(" on a tenth of it that was not learned from"));
    }
    if (!epochs.isEmpty()) {
      text.append(
          String.format(
              Locale.ROOT,
              "; mean loss %.4f in the first epoch, %.4f in the last",
              epochs.get(0).loss(),
              epochs.get(epochs.size() - 1).loss()));
    }
    text.append('.');
    summary.notes().forEach(note -> text.append(' ').append(note));
    return text.toString();
  }
}
