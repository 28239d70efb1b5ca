package dev.compress;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.Dataset;
import dev.compress.data.LabelKind;
import dev.compress.energy.RunAccount;
import dev.compress.error.InvalidDataException;
import dev.compress.error.OutputExistsException;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.onnx.WrittenModel;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.report.DistillReport;
import dev.compress.search.ModelScore;
import dev.compress.tensor.Scratch;
import dev.compress.train.CachedTeacher;
import dev.compress.train.Head;
import dev.compress.train.LiveTeacher;
import dev.compress.train.Objective;
import dev.compress.train.Objective.Teaching;
import dev.compress.train.SharedValues;
import dev.compress.train.Structure;
import dev.compress.train.Task;
import dev.compress.train.Teacher;
import dev.compress.train.TeacherSignal;
import dev.compress.train.TrainingData;
import dev.compress.train.TrainingEngine;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingResult;
import dev.compress.train.TrainingSummary.Reason;
import dev.compress.train.TuningData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Trains a student, from a teacher, from labels or from both, and writes the best of its epochs.
 * What can be refused is refused before the teacher is asked anything.
 */
public final class Distillation {
  private final DistillJob job;
  private final Progress progress;
  private final DistillReportBuilder report;

  private Distillation(DistillJob job, Progress progress) {
    this.job = job;
    this.progress = progress;
    this.report = new DistillReportBuilder(job);
  }

  /**
   * Trains.
   *
   * @param job what
   * @param progress told how far it is; where it wants to stop, the best model so far is written
   * @return what was done; {@link DistillReport#output()} is null where nothing was written
   * @throws dev.compress.error.DeviceUnavailableException if nothing here can train
   * @throws dev.compress.error.UnsupportedModelException if the student cannot be trained
   * @throws InvalidDataException if data, teacher and student do not fit
   * @throws OutputExistsException if the output exists
   * @throws dev.compress.error.ReadWriteException if reading or writing fails, for want of space
   *     too
   */
  public static DistillReport run(DistillJob job, Progress progress) {
    Path output = job.files().output();
    if (Files.exists(output) && !job.files().overwrite()) {
      throw new OutputExistsException(
          output + " exists already. Give another output with -o, or overwrite it with --force.");
    }
    TrainingEngine engine = TrainingEngine.ready();
    Distillation work = new Distillation(job, progress);
    Optional<RunAccount> account = job.accounts().get();
    if (account.isEmpty()) {
      return work.run(engine);
    }
    try (RunAccount open = account.get()) {
      DistillReport done = work.run(engine);
      return work.report.withEnergy(done, open.stop());
    }
  }

  private DistillReport run(TrainingEngine engine) {
    Optional<LoadedModel> teacher = job.models().teacher().map(OnnxReader::read);
    Optional<OnnxModel> teaching = teacher.map(t -> GraphValidator.check(t.model()).model());
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      new TuningData(job.data().training(), job.data().selection())
          .requireApart(job.data().score());
      OnnxModel floats = student(teaching, scratch);
      Optional<QuantizedStudent> quantized = quantized(floats, scratch);
      OnnxModel student = quantized.map(q -> q.training().model()).orElse(floats);
      engine.requireTrainable(student);
      teaching.ifPresent(t -> report.teacher(job.models().teacher().orElseThrow(), teacher, t));
      TrainingData data = data(student);
      Optional<Dataset> score = job.data().score().map(d -> bound(d, student));
      report.data(data, score, job.data().selection().isPresent());
      Task task = task(student, teaching);
      boolean labels = data.training().labelKind() != LabelKind.NONE && usesLabels(teaching);
      if (!labels && teaching.isEmpty()) {
        throw new InvalidDataException(
            data.training().name()
                + " has no labels, and there is no teacher: there is nothing to learn from. Name"
                + " --teacher, or data with labels.");
      }
      List<Teacher> open = new ArrayList<>();
      try {
        Optional<Teaching> lessons = teaching.map(t -> lessons(t, student, data, labels, open));
        Objective objective = new Objective(task, lessons, labels, classWeights(data.training()));
        Structure structure =
            quantized
                .map(q -> q.training().structure())
                .orElseGet(
                    () -> job.lessons().keepsStructure() ? Structure.of(student) : Structure.NONE);
        report.structure(structure);
        TrainingResult result =
            engine.train(
                new TrainingJob(
                    student, data, objective, job.training(), structure, job.files().training()),
                progress);
        OnnxModel output = quantized.map(q -> q.training().write(result)).orElse(result.model());
        return finish(result, output, floats, teaching, score);
      } finally {
        open.forEach(Teacher::close);
      }
    }
  }

  private Optional<QuantizedStudent> quantized(OnnxModel student, Scratch scratch) {
    if (!job.lessons().quantizationAware()) {
      return Optional.empty();
    }
    PassContext context =
        new PassContext(scratch, progress, report.threads(), job.training().run().seed());
    QuantizedStudent quantized =
        QuantizedStudent.of(
            student, job.data().training(), job.lessons().keepsStructure(), context);
    report.note(
        quantized.integerNodes()
            + " nodes of the student compute in integers; it learned through that, with ranges that"
            + " began as those of the training data.");
    SharedValues shared = quantized.shared();
    if (shared.most() > 1) {
      report.note(
          "Its weights shared values, and share at most "
              + shared.most()
              + " codes"
              + (shared.groups() == 1
                  ? "."
                  : " in each of " + shared.groups() + " groups of channels."));
    }
    return Optional.of(quantized);
  }

  private boolean usesLabels(Optional<OnnxModel> teacher) {
    return teacher.isEmpty() || job.lessons().alpha() < 1;
  }

  private OnnxModel student(Optional<OnnxModel> teacher, Scratch scratch) {
    if (job.models().student().isPresent()) {
      Path file = job.models().student().get();
      LoadedModel loaded = OnnxReader.read(file);
      OnnxModel model = GraphValidator.check(loaded.model()).model();
      report.student(file.toString(), Optional.of(loaded), model);
      return model;
    }
    PassContext context =
        new PassContext(scratch, progress, report.threads(), job.training().run().seed());
    OnnxModel made = job.models().recipe().orElseThrow().of(teacher.orElseThrow(), context);
    String how = job.models().recipe().get() + " of " + job.models().teacher().orElseThrow();
    report.student(how, Optional.empty(), made);
    return made;
  }

  private static Dataset bound(Dataset data, OnnxModel model) {
    return TrainingData.bind(data, model);
  }

  private TrainingData data(OnnxModel model) {
    Dataset training = bound(job.data().training(), model);
    return job.data()
        .selection()
        .map(selection -> new TrainingData(training, bound(selection, model)))
        .orElseGet(() -> TrainingData.split(training, job.training().run().seed()));
  }

  private Task task(OnnxModel student, Optional<OnnxModel> teacher) {
    if (job.lessons().task().isPresent()) {
      return job.lessons().task().get();
    }
    LabelKind labels = job.data().training().labelKind();
    if (labels != LabelKind.NONE) {
      return labels == LabelKind.CLASS ? Task.CLASSIFICATION : Task.REGRESSION;
    }
    boolean classes = isOfClasses(student) || teacher.filter(Distillation::isOfClasses).isPresent();
    if (!classes) {
      report.note(
          "Without labels the outputs are taken for values; for scores of classes say --task"
              + " classification.");
    }
    return classes ? Task.CLASSIFICATION : Task.REGRESSION;
  }

  private static boolean isOfClasses(OnnxModel model) {
    String output = model.graph().outputs().get(0).name();
    return Head.of(model.graph(), output).form() != Head.Form.SCORES;
  }

  private List<Double> classWeights(Dataset training) {
    DistillJob.ClassWeighting wanted = job.lessons().classes();
    if (!wanted.balanced()) {
      return wanted.weights();
    }
    Map<Long, Long> counts = training.labelCounts();
    if (counts.isEmpty()) {
      throw new InvalidDataException(
          training.name() + " has no class labels to balance. Leave --class-weights away.");
    }
    long classes = counts.keySet().stream().mapToLong(c -> c + 1).max().orElse(1);
    List<Double> weights = new ArrayList<>();
    for (long c = 0; c < classes; c++) {
      long count = counts.getOrDefault(c, 0L);
      weights.add(
          count == 0 ? 0 : (double) training.sampleCount() / ((double) counts.size() * count));
    }
    return weights;
  }

  private Teaching lessons(
      OnnxModel teacher,
      OnnxModel student,
      TrainingData bound,
      boolean labels,
      List<Teacher> open) {
    List<TeacherSignal> signals = signals(teacher, student);
    Teacher training;
    int threads = job.training().run().threads();
    TrainingData data = data(teacher); // the same samples in the same order, as it wants them
    if (job.training().augmentation().any()) {
      training = new LiveTeacher(teacher, signals, threads);
      report.note("The teacher is asked about every changed image anew: its answers are not kept.");
    } else {
      training = cached(teacher, signals, data.training());
    }
    open.add(training);
    Optional<Teacher> selection = Optional.empty();
    if (!labels || bound.selection().labelKind() == LabelKind.NONE) {
      Teacher other = cached(teacher, signals.subList(0, 1), data.selection());
      open.add(other);
      selection = Optional.of(other);
    }
    return new Teaching(training, selection, job.lessons().temperature(), job.lessons().alpha());
  }

  private Teacher cached(OnnxModel teacher, List<TeacherSignal> signals, Dataset data) {
    CachedTeacher.Question question =
        new CachedTeacher.Question(
            teacher, report.teacherSha256(), signals, data, job.training().run().threads());
    return CachedTeacher.open(question, CachedTeacher.Place.of(job.files().cache()), progress);
  }

  /** Outputs of one name belong together; else those in the same place. */
  private List<TeacherSignal> signals(OnnxModel teacher, OnnxModel student) {
    List<String> its = names(teacher);
    List<String> own = names(student);
    if (!its.containsAll(own) && its.size() != own.size()) {
      throw new InvalidDataException(
          "The teacher's outputs are "
              + its
              + ", the student's "
              + own
              + ": it is not plain which belong together. Choose a student with as many outputs.");
    }
    List<TeacherSignal> signals = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
      String name = own.get(i);
      String twin = its.contains(name) ? name : its.get(i);
      signals.add(
          new TeacherSignal(
              TeacherSignal.Kind.OUTPUT,
              Head.of(teacher.graph(), twin).value(),
              Head.of(student.graph(), name).value()));
    }
    signals.addAll(job.lessons().features());
    return signals;
  }

  private static List<String> names(OnnxModel model) {
    return model.graph().outputs().stream().map(ValueInfo::name).toList();
  }

  private DistillReport finish(
      TrainingResult result,
      OnnxModel output,
      OnnxModel student,
      Optional<OnnxModel> teacher,
      Optional<Dataset> score) {
    Reason reason = result.summary().stopped().reason();
    boolean nothing = result.summary().bestEpoch() == 0 && reason != Reason.FINISHED;
    if (nothing && reason != Reason.EARLY_STOP) {
      return report.build(result.summary());
    }
    OnnxModel stamped = stamped(output);
    // What was learned is kept also where the user wants to stop.
    WrittenModel written =
        OnnxWriter.write(
            stamped,
            job.files().output(),
            WriteSettings.DEFAULT.withForce(job.files().overwrite()),
            Progress.NONE);
    report.output(written, output);
    if (reason != Reason.INTERRUPTED && score.isPresent()) {
      score(score.get(), output, student, teacher);
    }
    return report.build(result.summary());
  }

  private void score(
      Dataset data, OnnxModel output, OnnxModel student, Optional<OnnxModel> teacher) {
    Dataset unbound = job.data().score().orElse(data);
    ModelScore own = scorer(unbound, student);
    Double best = teacher.map(t -> scorer(unbound, t).score(t).value()).orElse(null);
    report.accuracy(
        new DistillReport.Accuracy(
            own.metric().key(),
            best,
            own.score(student).value(),
            own.score(output).value(),
            own.data().sampleCount()));
  }

  private ModelScore scorer(Dataset data, OnnxModel model) {
    return new ModelScore(DatasetSamples.runOf(data, model.graph()), report.threads(), progress);
  }

  /** What was done to it, in the model itself. */
  private OnnxModel stamped(OnnxModel model) {
    Map<String, String> metadata = new LinkedHashMap<>(model.metadata());
    metadata.putAll(report.provenance());
    return model.withMetadata(metadata);
  }
}
