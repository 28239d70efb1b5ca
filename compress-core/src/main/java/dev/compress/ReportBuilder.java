package dev.compress;

import dev.compress.data.Dataset;
import dev.compress.inspect.ParameterTotals;
import dev.compress.metric.Metric;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.WrittenModel;
import dev.compress.pass.PassResult.Trace;
import dev.compress.pass.PassResult.WeightClaim;
import dev.compress.pass.Pipeline;
import dev.compress.proof.ProofMode;
import dev.compress.proof.ProofResult;
import dev.compress.recipe.Passes;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
import dev.compress.runtime.ProcessMemory;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.search.HoldAccuracy;
import dev.compress.search.ModelScore;
import dev.compress.train.TrainingData;
import dev.compress.train.TuningData;
import dev.compress.train.TuningRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Gathers what a run did and measured. Not thread-safe: one a run. */
final class ReportBuilder {
  private static final String UNCHANGED =
      "Nothing in this model is worth it: it was copied unchanged.";

  /** Passes that do nothing but what the user asked for. */
  private static final Set<String> ASKED_FOR =
      Set.of("prune-weights", "prune-channels", "cluster-weights", "factorise-layers");

  /** The step of data that only measured. */
  private static final String MEASURED = "accuracy";

  private final Passes passes;
  private final long startNanos = System.nanoTime();
  private final List<TransformReport.Pass> done = new ArrayList<>();
  private final List<TransformReport.Layer> layers = new ArrayList<>();
  private final List<Used> data = new ArrayList<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private final Set<String> warnings = new LinkedHashSet<>();
  private List<TransformReport.Training> trainings = List.of();
  private boolean interrupted;
  private TransformReport.@Nullable Input input;
  private TransformReport.@Nullable Output output;
  private TransformReport.@Nullable Accuracy accuracy;
  private @Nullable ProofFindings proof;
  private @Nullable OutputWeights weights;
  private final List<String> proofWarnings = new ArrayList<>();
  private final List<WeightClaim> claims = new ArrayList<>();
  private final List<String> passWarnings = new ArrayList<>();
  private final List<String> passNotes = new ArrayList<>();

  ReportBuilder(Passes passes) {
    this.passes = passes;
  }

  int threads() {
    Integer wanted = passes.recipe().threads();
    return wanted == null ? Runtime.getRuntime().availableProcessors() : Math.max(1, wanted);
  }

  long seed() {
    Long wanted = passes.recipe().seed();
    return wanted == null ? 0 : wanted;
  }

  boolean provesAnything() {
    return passes.proof() != ProofMode.NONE && !interrupted;
  }

  /** The user wants an end: nothing more is measured. */
  void interrupted() {
    interrupted = true;
  }

  /** How the model was tuned. */
  void trained(List<TuningRun.Training> all) {
    trainings = all.stream().map(t -> new TransformReport.Training(t.pass(), t.summary())).toList();
  }

  /** Labels of the nodes that are meant to run in integers. */
  List<String> plannedInteger() {
    return layers.stream().map(TransformReport.Layer::node).toList();
  }

  void proof(ProofResult result) {
    proof = new ProofFindings(result, passes.target());
    warnings.removeAll(proofWarnings);
    proofWarnings.clear();
    proofWarnings.addAll(proof.warnings());
    if (proof.failed() && warnings.remove(UNCHANGED)) {
      warnings.add("This model was copied unchanged: ONNX Runtime cannot run it, as follows.");
    }
    notes.addAll(proof.notes());
    warnings.addAll(proofWarnings);
  }

  /** Whether the output was measured to be slower beyond doubt, on a machine that is the target. */
  boolean isSlower() {
    return proof != null && proof.isSlower();
  }

  /** Whether the outputs were measured to have little to do with the input model's. */
  boolean isUnfaithful() {
    return proof != null && proof.isUnfaithful();
  }

  /** What {@code --strict} takes as a failure. */
  List<String> strictFailures() {
    return List.copyOf(proofWarnings);
  }

  /** What the passes say of weights. */
  List<WeightClaim> claims() {
    return List.copyOf(claims);
  }

  /**
   * Takes what the written file holds.
   *
   * @throws IllegalStateException if that is not what the passes claimed: a bug in one of them
   */
  void weights(OutputWeights measured) {
    weights = measured;
    List<String> wrong = measured.contradictions(claims);
    if (!wrong.isEmpty()) {
      throw new IllegalStateException(
          "The output is not what the passes said that it would be: " + String.join("; ", wrong));
    }
  }

  /** Layers were put back: what was planned and measured of them holds no longer. */
  void forgetLayers() {
    layers.clear();
  }

  /** Integers were given up for stored weights. */
  void noteFallback(String why) {
    note(
        "Integer arithmetic was "
            + why
            + " here, so all nodes compute in float and the weights are stored in 8 bits.");
    forgetLayers();
  }

  /**
   * The model is left as it was: what passes changed and warned of is no more, and what they left
   * is of no interest.
   */
  void revert() {
    forgetLayers();
    claims.clear();
    warnings.removeAll(passWarnings);
    notes.removeAll(passNotes);
    done.replaceAll(p -> new TransformReport.Pass(p.name(), p.seconds(), List.of(), p.skipped()));
    warnings.add(UNCHANGED);
  }

  void warn(List<String> more) {
    warnings.addAll(more);
  }

  void note(String note) {
    notes.add(note);
  }

  void input(LoadedModel loaded, String sha256) {
    input =
        new TransformReport.Input(
            loaded.file().toString(),
            sha256,
            loaded.bytes(),
            ParameterTotals.of(loaded.model()).elements());
  }

  void output(WrittenModel written, long inputBytes) {
    output =
        new TransformReport.Output(
            written.file().toString(),
            written.sha256(),
            written.bytes(),
            weights == null ? null : weights.zippedBytes(),
            (double) inputBytes / written.bytes());
  }

  void passes(List<Pipeline.PassReport> reports) {
    for (Pipeline.PassReport pass : reports) {
      pass.notApplicable()
          .filter(not -> ASKED_FOR.contains(pass.name()))
          .ifPresent(
              not -> notes.add("Nothing to do for " + pass.name() + ": " + not.reason() + "."));
      done.add(
          new TransformReport.Pass(
              pass.name(), pass.seconds(), pass.result().changes(), pass.result().skipped()));
      passWarnings.addAll(pass.result().warnings());
      passNotes.addAll(pass.result().notes());
      claims.addAll(pass.result().claims());
    }
    warnings.addAll(passWarnings);
    notes.addAll(passNotes);
  }

  /** Whether a pass has changed anything. */
  boolean hasChanged(String pass) {
    return done.stream().anyMatch(p -> p.name().equals(pass) && !p.changed().isEmpty());
  }

  /** The last step, which may be done again: what it did before is no more. */
  void storing(List<Pipeline.PassReport> reports) {
    Set<String> names = reports.stream().map(Pipeline.PassReport::name).collect(Collectors.toSet());
    done.removeIf(p -> names.contains(p.name()));
    passes(reports);
  }

  void layers(List<Trace> traces, Map<Trace, Double> sqnrDb) {
    for (Trace trace : traces) {
      Double decibels = sqnrDb.get(trace);
      layers.add(
          new TransformReport.Layer(
              trace.node(),
              trace.op(),
              trace.scheme(),
              decibels == null || decibels.isInfinite() || decibels.isNaN() ? null : decibels,
              null));
    }
  }

  /** A step's data; its hash is asked for late, since it is computed beside the work. */
  private record Used(String step, Dataset dataset) {
    TransformReport.DataUse describe() {
      String path = dataset.path().map(Path::toString).orElse(dataset.name());
      return new TransformReport.DataUse(
          step, path, dataset.sampleCount(), dataset.contentSha256());
    }
  }

  void data(String step, Dataset dataset) {
    if (!data.isEmpty()
        && data.stream()
            .anyMatch(u -> u.dataset().contentSha256().equals(dataset.contentSha256()))) {
      warnings.add(
          "The accuracy was measured on the file that also served the calibration: unless the"
              + " samples differ, it flatters.");
    }
    data.add(new Used(step, dataset));
    notes.addAll(dataset.notes());
  }

  /** What a model is tuned on. */
  void tuning(TuningData tuning) {
    TrainingData used =
        tuning
            .selection()
            .map(s -> new TrainingData(tuning.training(), s))
            .orElseGet(() -> TrainingData.split(tuning.training(), seed()));
    data.add(new Used("training", used.training()));
    data.add(new Used("validation", used.selection()));
    notes.addAll(tuning.training().notes());
    if (tuning.selection().isEmpty()) {
      notes.add(
          "The best epoch is chosen on "
              + used.selection().sampleCount()
              + " samples of the training data, drawn by seed, that are not trained on.");
    }
  }

  /** What a search found, on the data that it chose by. */
  void accuracy(HoldAccuracy.Found found, ModelScore score) {
    accuracy("selection", score, found.baseline(), found.value());
    for (String node : found.keptFloat()) {
      notes.add("Kept in float to hold the accuracy: " + node);
    }
  }

  /** What was measured of the output, on data that chose nothing. */
  void accuracy(ModelScore score, double before, double after) {
    accuracy(MEASURED, score, before, after);
  }

  private void accuracy(String step, ModelScore score, double before, double after) {
    Dataset dataset = score.data();
    data(step, dataset);
    Metric metric = score.metric();
    accuracy =
        new TransformReport.Accuracy(
            metric.toString(), before, after, metric.drop(before, after), dataset.sampleCount());
  }

  boolean hasAccuracy() {
    return accuracy != null;
  }

  /** What goes into the model's own metadata. */
  Map<String, String> provenance() {
    Map<String, String> pairs = new LinkedHashMap<>();
    pairs.put("compress.version", ToolVersion.current());
    pairs.put(
        "compress.recipe", // the same file on any number of threads
        RecipeFile.toJson(passes.recipe().toBuilder().threads(null).build()));
    for (Used use : data) {
      if (!use.step().equals(MEASURED)) { // that changed nothing
        pairs.put("compress." + use.step() + ".sha256", use.dataset().contentSha256());
      }
    }
    return pairs;
  }

  TransformReport build() {
    if (output != null && !provesAnything()) {
      warnings.add(
          "Kernels, fidelity, speed, sparsity and the zipped size were not measured: "
              + (interrupted ? "interrupted." : "--proof none."));
    }
    if (output != null && proof != null) {
      warnings.addAll(proof.doubts());
    }
    return new TransformReport(
        TransformReport.SCHEMA,
        new TransformReport.Tool(ToolVersion.current(), RuntimeInfo.get().version()),
        Objects.requireNonNull(input, "input"),
        output,
        RecipeFile.toMap(passes.recipe()),
        (System.nanoTime() - startNanos) / 1e9,
        peakResidentBytes(),
        done,
        trainings,
        proof == null ? null : proof.kernels(),
        proof == null ? null : proof.result().integerMacShare(),
        proof == null ? null : proof.fidelity(),
        proof == null ? null : proof.speed(),
        proof == null ? null : proof.result().loadMs(),
        proof == null ? null : proof.result().loadPeakBytes(),
        accuracy,
        layers,
        data.stream().map(Used::describe).toList(),
        weights == null ? null : weights.sparsity(),
        weights == null ? null : weights.bitsPerWeight(Objects.requireNonNull(input).parameters()),
        weights == null ? List.of() : weights.list(),
        null,
        List.copyOf(notes),
        List.copyOf(warnings));
  }

  /** Where the system tells it. */
  private static @Nullable Long peakResidentBytes() {
    OptionalLong peak = ProcessMemory.peakResidentBytes(ProcessHandle.current().pid());
    return peak.isPresent() ? (Long) peak.getAsLong() : null;
  }
}
