package dev.compress;

import dev.compress.data.Dataset;
import dev.compress.energy.RunEnergy;
import dev.compress.graph.OnnxModel;
import dev.compress.inspect.ParameterTotals;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.WrittenModel;
import dev.compress.report.DistillReport;
import dev.compress.report.TransformReport;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.ProcessMemory;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.tensor.Sha256;
import dev.compress.train.Structure;
import dev.compress.train.TrainingData;
import dev.compress.train.TrainingSettings;
import dev.compress.train.TrainingSummary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Gathers what a training did. */
final class DistillReportBuilder {
  private final DistillJob job;
  private final long startNanos = System.nanoTime();
  private final List<TransformReport.DataUse> data = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private DistillReport.@Nullable Model teacher;
  private DistillReport.@Nullable Model student;
  private DistillReport.@Nullable Model output;
  private DistillReport.@Nullable Accuracy accuracy;

  DistillReportBuilder(DistillJob job) {
    this.job = job;
  }

  int threads() {
    int threads = job.training().run().threads();
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }

  void teacher(Path file, Optional<LoadedModel> loaded, OnnxModel model) {
    teacher = model(file.toString(), loaded, model);
  }

  String teacherSha256() {
    return Objects.requireNonNull(Objects.requireNonNull(teacher).sha256());
  }

  void student(String path, Optional<LoadedModel> loaded, OnnxModel model) {
    student = model(path, loaded, model);
  }

  void output(WrittenModel written, OnnxModel model) {
    output =
        new DistillReport.Model(
            written.file().toString(),
            written.sha256(),
            written.bytes(),
            ParameterTotals.of(model).elements(),
            macs(model));
  }

  private static DistillReport.Model model(
      String path, Optional<LoadedModel> loaded, OnnxModel model) {
    return new DistillReport.Model(
        path,
        loaded.map(l -> Sha256.of(l.file())).orElse(null),
        loaded.map(LoadedModel::bytes).orElse(null),
        ParameterTotals.of(model).elements(),
        macs(model));
  }

  private static @Nullable Long macs(OnnxModel model) {
    long macs = MacCounter.count(model, 1, 1).total();
    return macs > 0 ? (Long) macs : null;
  }

  void data(TrainingData used, Optional<Dataset> score, boolean ownSelection) {
    use("training", used.training());
    use("selection", used.selection());
    score.ifPresent(d -> use("accuracy", d));
    if (!ownSelection) {
      notes.add(
          "The best epoch is chosen on "
              + used.selection().sampleCount()
              + " samples of the training data, drawn by seed, that are not trained on.");
    }
    used.training().notes().stream().filter(n -> !warnings.contains(n)).forEach(warnings::add);
  }

  private void use(String step, Dataset dataset) {
    String path = dataset.path().map(Path::toString).orElse(dataset.name());
    data.add(
        new TransformReport.DataUse(step, path, dataset.sampleCount(), dataset.contentSha256()));
  }

  void structure(Structure structure) {
    long zeros = structure.rules().values().stream().filter(r -> r == Structure.Rule.ZEROS).count();
    long shared = structure.rules().size() - zeros;
    if (zeros > 0) {
      notes.add("The zeros of " + zeros + (zeros == 1 ? " weight" : " weights") + " are kept.");
    }
    if (shared > 0) {
      notes.add(
          "Shared values of "
              + shared
              + (shared == 1 ? " weight" : " weights")
              + " are kept: which weights share one is fixed.");
    }
  }

  void accuracy(DistillReport.Accuracy measured) {
    accuracy = measured;
  }

  void note(String text) {
    notes.add(text);
  }

  /** What goes into the model's metadata. */
  Map<String, String> provenance() {
    Map<String, String> pairs = new LinkedHashMap<>();
    pairs.put("compress.version", ToolVersion.current());
    List<String> text = new ArrayList<>();
    settings().forEach((key, value) -> text.add(key + " " + value));
    pairs.put("compress.training", String.join(", ", text));
    for (TransformReport.DataUse use : data) {
      if (!use.step().equals("accuracy") && use.sha256() != null) {
        pairs.put("compress.data." + use.step(), Objects.requireNonNull(use.sha256()));
      }
    }
    return pairs;
  }

  private Map<String, Object> settings() {
    TrainingSettings training = job.training();
    Map<String, Object> all = new LinkedHashMap<>();
    job.models().recipe().ifPresent(r -> all.put("student-from", r.toString()));
    if (job.models().teacher().isPresent()) {
      all.put("temperature", job.lessons().temperature());
      all.put("alpha", job.lessons().alpha());
    }
    all.put("epochs", training.epochs());
    all.put("batch", training.batch());
    all.put("optimizer", training.optimizer().kind().key());
    all.put("lr", training.learningRate().peak());
    all.put("schedule", training.learningRate().schedule().key());
    all.put("warmup-epochs", training.learningRate().warmupEpochs());
    all.put("weight-decay", training.optimizer().weightDecay());
    if (training.optimizer().clipNorm() > 0) {
      all.put("clip-norm", training.optimizer().clipNorm());
    }
    if (training.augmentation().any()) {
      all.put("augment", training.augmentation().toString());
    }
    if (training.run().earlyStop() > 0) {
      all.put("early-stop", training.run().earlyStop());
    }
    all.put("seed", training.run().seed());
    return all;
  }

  DistillReport build(TrainingSummary summary) {
    OptionalLong peak = ProcessMemory.peakResidentBytes(ProcessHandle.current().pid());
    List<String> allNotes = new ArrayList<>(notes);
    allNotes.addAll(summary.notes());
    return new DistillReport(
        DistillReport.SCHEMA,
        new TransformReport.Tool(ToolVersion.current(), RuntimeInfo.get().version()),
        teacher,
        Objects.requireNonNull(student, "student"),
        output,
        settings(),
        data,
        summary,
        accuracy,
        (System.nanoTime() - startNanos) / 1e9,
        peak.isPresent() ? (Long) peak.getAsLong() : null,
        null,
        allNotes,
        warnings);
  }

  DistillReport withEnergy(DistillReport report, RunEnergy energy) {
    return new DistillReport(
        report.schema(),
        report.tool(),
        report.teacher(),
        report.student(),
        report.output(),
        report.settings(),
        report.data(),
        report.training(),
        report.accuracy(),
        report.wallSeconds(),
        report.peakRssBytes(),
        energy,
        report.notes(),
        report.warnings());
  }
}
