package dev.compress.models.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.compress.data.Dataset;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.models.autograd.Parameter;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.models.training.loss.Criterion;
import dev.compress.models.training.loss.StepValues;
import dev.compress.progress.Progress;
import dev.compress.train.GradualPruning;
import dev.compress.train.Head;
import dev.compress.train.Teacher;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingResult;
import dev.compress.train.TrainingSummary;
import dev.compress.train.TrainingSummary.Epoch;
import dev.compress.train.TrainingSummary.Reason;
import dev.compress.train.TrainingSummary.Stop;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One training from its first batch to the best model. */
final class TrainingRun {
  /** What is lost at most by a kill. */
  static final long CHECKPOINT_NANOS = 60_000_000_000L;

  private static final long PRUNINGS_AN_EPOCH = 4;

  private final TrainingJob job;
  private final Progress progress;
  private final long checkpointNanos;
  private final Criterion.Aim aim;
  private final SelectionScore score;
  private final List<String> notes = new ArrayList<>();
  private Position at = new Position();
  private long lastSave = System.nanoTime();
  private long started = System.nanoTime();

  private TrainingRun(TrainingJob job, Progress progress, long checkpointNanos) {
    this.job = job;
    this.progress = progress;
    this.checkpointNanos = checkpointNanos;
    String output = job.model().graph().outputs().get(0).name();
    this.aim = new Criterion.Aim(job.objective(), Head.of(job.model().graph(), output).value());
    this.score = SelectionScore.of(job.objective(), job.data().selection());
  }

  /** A run that saves its state each minute and after each epoch. */
  static TrainingRun of(TrainingJob job, Progress progress) {
    return new TrainingRun(job, progress, CHECKPOINT_NANOS);
  }

  /** A run that saves its state at other intervals. */
  static TrainingRun of(TrainingJob job, Progress progress, long checkpointNanos) {
    return new TrainingRun(job, progress, checkpointNanos);
  }

  /** What belongs to the engine while it runs. */
  private record Tools(
      NDManager manager,
      TrainableGraph graph,
      List<Weight> weights,
      WeightUpdate update,
      StructureKeeper structure,
      FakeQuantizers quantizers,
      Criterion criterion,
      TrainedValues best) {
    /** All arrays that a checkpoint holds, in order. */
    List<NDArray> state() {
      List<NDArray> all = new ArrayList<>();
      graph.parameters().forEach(p -> all.add(p.array()));
      all.addAll(quantizers.arrays());
      all.addAll(criterion.projections());
      all.addAll(update.memory());
      all.addAll(best.copies());
      all.addAll(structure.masks());
      return all;
    }
  }

  /** Trains. */
  TrainingResult run() {
    int threads = job.settings().run().threads();
    Engine engine =
        OfflineEngine.withThreads(
            threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
    engine.setRandomSeed((int) job.settings().run().seed());
    return Gradients.notRecording(() -> run(engine));
  }

  private TrainingResult run(Engine engine) {
    try (NDManager manager = engine.newBaseManager();
        TrainableGraph graph = TrainableGraph.of(job.model(), manager)) {
      FakeQuantizers quantizers =
          new FakeQuantizers(job.structure().quantization(), graph, manager);
      new LabelCheck(job).require(graph, manager);
      Tools tools = tools(graph, quantizers, manager);
      Optional<Checkpoint> checkpoint =
          job.files().checkpoint().map(file -> new Checkpoint(file, TrainingIdentity.of(job)));
      boolean resumed = job.files().resume() && checkpoint.filter(Checkpoint::exists).isPresent();
      if (resumed) {
        at = checkpoint.get().load(tools.state());
        notes.add("Went on from step " + at.step + ", after " + at.epoch + " whole epochs.");
      } else {
        at.best = gradual().isPresent() ? null : (Double) select(tools);
        at.before = at.best;
      }
      Stop stop = epochs(tools, checkpoint);
      tools.best().restore();
      return new TrainingResult(graph.write(), summary(stop), quantizers.learned());
    }
  }

  private Tools tools(TrainableGraph graph, FakeQuantizers quantizers, NDManager manager) {
    List<Weight> weights = new ArrayList<>();
    List<NDArray> live = new ArrayList<>();
    for (Parameter parameter : graph.parameters()) {
      live.add(parameter.array());
      if (parameter.trainable()) {
        weights.add(Weight.of(parameter.name(), parameter.array()));
      }
    }
    weights.addAll(quantizers.weights());
    live.addAll(quantizers.arrays());
    if (weights.isEmpty()) {
      throw new UnsupportedModelException(
          "The model has no weights to train: no node that computes floats reads one.");
    }
    Criterion criterion;
    try (NDManager scope = manager.newSubManager()) {
      EpochFeed.Samples first = new EpochFeed(job.data().training(), job.settings(), 0, 0).next();
      StepValues values = values(graph, first, false, scope);
      criterion = Criterion.of(aim, values, manager, job.settings().run().seed());
    }
    for (NDArray projection : criterion.projections()) {
      weights.add(Weight.of("hint " + weights.size(), projection));
    }
    return new Tools(
        manager,
        graph,
        List.copyOf(weights),
        WeightUpdate.of(job.settings().optimizer(), weights, manager),
        new StructureKeeper(job.structure(), graph.parameters(), manager),
        quantizers,
        criterion,
        new TrainedValues(live, manager));
  }

  private static NDList forward(
      TrainableGraph graph,
      EpochFeed.Samples samples,
      List<String> taps,
      boolean training,
      NDManager scope) {
    return graph.forward(scope, BatchArrays.of(samples.inputs(), scope), training, taps);
  }

  private StepValues values(
      TrainableGraph graph, EpochFeed.Samples samples, boolean training, NDManager scope) {
    List<String> wanted = aim.values();
    NDList found = forward(graph, samples, wanted, training, scope);
    Map<String, NDArray> student = new LinkedHashMap<>();
    int outputs = graph.outputNames().size();
    for (int i = 0; i < wanted.size(); i++) {
      student.put(wanted.get(i), found.get(outputs + i));
    }
    List<NDArray> teacher =
        job.objective().teaching().map(t -> ask(t.training(), samples, scope)).orElse(List.of());
    return new StepValues(student, teacher, samples.labels(), samples.targets(), scope);
  }

  private static List<NDArray> ask(Teacher teacher, EpochFeed.Samples samples, NDManager scope) {
    return teacher.answer(samples.positions(), samples::inputs).stream()
        .map(answer -> BatchArrays.of("teacher", answer, scope))
        .toList();
  }

  private Stop epochs(Tools tools, Optional<Checkpoint> checkpoint) {
    Dataset data = job.data().training();
    int all = job.settings().epochs();
    progress.begin("train", data.sampleCount() * all);
    progress.advance(data.sampleCount() * at.epoch + at.samples);
    int patience = job.settings().run().earlyStop();
    while (at.epoch < all) {
      if (patience > 0 && at.withoutGain >= patience) {
        return new Stop(Reason.EARLY_STOP, null);
      }
      Optional<Stop> stopped = epoch(tools, checkpoint);
      if (stopped.isPresent()) {
        return stopped.get();
      }
      checkpoint.ifPresent(c -> save(c, tools));
      job.files().log().ifPresent(log -> EpochLog.write(log, score.name(), at.epochs));
    }
    return Stop.FINISHED;
  }

  private Optional<Stop> epoch(Tools tools, Optional<Checkpoint> checkpoint) {
    Dataset data = job.data().training();
    EpochFeed feed = new EpochFeed(data, job.settings(), at.epoch, at.samples);
    double rate = 0;
    while (feed.hasNext()) {
      if (progress.cancelled()) {
        checkpoint.ifPresent(c -> save(c, tools));
        return Optional.of(new Stop(Reason.INTERRUPTED, null));
      }
      long start = System.nanoTime();
      EpochFeed.Samples samples = feed.next();
      rate = rate();
      prune(tools);
      double loss = step(tools, samples, rate);
      at.step++;
      if (!Double.isFinite(loss)) {
        return Optional.of(new Stop(Reason.DIVERGED, at.step));
      }
      at.lossSum += loss;
      at.epochSteps++;
      at.samples = feed.used();
      at.samplesSeen += samples.positions().length;
      double seconds = (System.nanoTime() - start) / 1e9;
      at.trainingSeconds += seconds;
      at.epochSeconds += seconds;
      progress.advance(samples.positions().length);
      progress.status(ProgressText.of(at, job, score, loss));
      if (checkpoint.isPresent() && System.nanoTime() - lastSave >= checkpointNanos) {
        save(checkpoint.get(), tools);
      }
    }
    finishEpoch(tools, rate);
    progress.advance(data.sampleCount() - feed.used());
    return Optional.empty();
  }

  private double rate() {
    return job.settings().learningRate().at(at.step, stepsPerEpoch(), job.settings().epochs());
  }

  private long stepsPerEpoch() {
    return EpochFeed.steps(job.data().training(), job.settings());
  }

  private Optional<GradualPruning> gradual() {
    return job.structure().gradual();
  }

  private long steps() {
    return stepsPerEpoch() * job.settings().epochs();
  }

  /** A few times an epoch, until the pruning is over. */
  private void prune(Tools tools) {
    if (gradual().isEmpty() || at.pruned) {
      return;
    }
    GradualPruning pruning = gradual().get();
    boolean over = pruning.isOver(at.step, steps());
    if (over || at.step % Math.max(1, stepsPerEpoch() / PRUNINGS_AN_EPOCH) == 0) {
      OnnxModel sparse =
          pruning.pruner().prune(tools.graph().write(), pruning.at(at.step, steps()));
      tools.structure().maskAs(sparse, tools.graph().parameters(), tools.manager());
      tools.weights().forEach(tools.structure()::restoreZeros);
      at.pruned = over;
    }
  }

  /** One step; returns its loss. */
  private double step(Tools tools, EpochFeed.Samples samples, double rate) {
    // all arrays of a step belong to this manager, else they would pile up until the training ends
    try (NDManager scope = tools.manager().newSubManager()) {
      tools.weights().forEach(w -> Gradients.clear(w.array()));
      double loss = Gradients.recording(() -> differentiate(tools, samples, scope));
      if (!Double.isFinite(loss)) {
        return loss;
      }
      List<NDArray> gradients = new ArrayList<>();
      for (Weight weight : tools.weights()) {
        NDArray gradient = Gradients.of(weight.array(), scope);
        tools.structure().shareGradient(weight, gradient);
        tools.quantizers().scaleGradient(weight, gradient);
        gradients.add(gradient);
      }
      clip(gradients);
      for (int i = 0; i < gradients.size(); i++) {
        Weight weight = tools.weights().get(i);
        tools.update().apply(i, weight, gradients.get(i), rate, at.step + 1);
        tools.structure().restoreZeros(weight);
        tools.quantizers().restoreBound(weight);
      }
      return loss;
    }
  }

  private double differentiate(Tools tools, EpochFeed.Samples samples, NDManager scope) {
    NDArray loss = tools.criterion().loss(values(tools.graph(), samples, true, scope));
    double value = loss.getFloat();
    if (Double.isFinite(value)) {
      Gradients.backward(loss, scope);
    }
    return value;
  }

  private void clip(List<NDArray> gradients) {
    double most = job.settings().optimizer().clipNorm();
    if (most == 0) {
      return;
    }
    double sum = 0;
    for (NDArray gradient : gradients) {
      sum += gradient.square().sum().getFloat();
    }
    double norm = Math.sqrt(sum);
    if (norm > most) {
      gradients.forEach(g -> g.muli((float) (most / norm)));
    }
  }

  private double select(Tools tools) {
    return new SelectionRun(job, score).value(tools.graph(), tools.manager());
  }

  private void finishEpoch(Tools tools, double rate) {
    long start = System.nanoTime();
    double value = select(tools);
    at.epoch++;
    at.epochSeconds += (System.nanoTime() - start) / 1e9;
    at.epochs.add(
        new Epoch(at.epoch, at.lossSum / Math.max(1, at.epochSteps), value, rate, at.epochSeconds));
    boolean counts = gradual().isEmpty() || at.pruned; // a model with too few zeros is none
    if (counts && score.isBetter(value, at.best == null ? Double.NaN : at.best)) {
      at.best = value;
      at.bestEpoch = at.epoch;
      at.withoutGain = 0;
      tools.best().keep();
    } else {
      at.withoutGain++;
    }
    at.samples = 0;
    at.lossSum = 0;
    at.epochSteps = 0;
    at.epochSeconds = 0;
  }

  private void save(Checkpoint checkpoint, Tools tools) {
    at.seconds += (System.nanoTime() - started) / 1e9;
    started = System.nanoTime();
    checkpoint.save(at, tools.state());
    lastSave = System.nanoTime();
  }

  private TrainingSummary summary(Stop stop) {
    double seconds = at.seconds + (System.nanoTime() - started) / 1e9;
    Double speed = at.trainingSeconds > 0 ? at.samplesSeen / at.trainingSeconds : null;
    return new TrainingSummary(
        score.name(),
        at.epochs,
        at.bestEpoch,
        at.best,
        at.before,
        new TrainingSummary.Speed(at.step, speed, seconds),
        stop,
        notes);
  }
}
