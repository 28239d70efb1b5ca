package dev.compress.evaluation;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.data.Dataset;
import dev.compress.data.SampleRun;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.Unavailable;
import dev.compress.error.InvalidDataException;
import dev.compress.evaluation.accuracy.Score;
import dev.compress.evaluation.latency.LatencyResult;
import dev.compress.evaluation.worker.VariantPlace;
import dev.compress.evaluation.worker.VariantWorker;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.tensor.Sha256;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A variant during an evaluation, and what is known of it so far. Not thread-safe. */
final class Contender {
  final Variant variant;
  final LoadedModel loaded;
  final String sha256;
  final OnnxModel model;
  final VariantPlace place;
  final String device;

  /** Samples of one run of the latency; 0 until inputs are bound. */
  int samplesARun;

  @Nullable VariantWorker worker;
  @Nullable Score score;
  @Nullable LatencyResult latency;

  /** With inputs and outputs held on the GPU; null on the processor. */
  @Nullable LatencyResult held;

  List<ExecutionProvider> providers = List.of();
  @Nullable Double loadMs;
  OptionalLong peakBytes = OptionalLong.empty();
  VariantWorker.@Nullable Kernels kernels;

  /** Whether a meter was there to read. */
  boolean metered;

  EnergyReading reading = new Unavailable("not asked for");
  @Nullable String error;
  EvaluationReport.@Nullable Weights weights;

  /**
   * Reads and checks its file.
   *
   * @throws dev.compress.error.InvalidModelException if that is no valid model
   */
  Contender(Variant variant) {
    this.variant = variant;
    this.loaded = OnnxReader.read(variant.file());
    this.model = GraphValidator.check(loaded.model()).model();
    this.sha256 = Sha256.of(loaded.file());
    this.place = VariantPlace.CPU;
    this.device = place.device().toString();
  }

  private Contender(Contender same, VariantPlace place) {
    this.variant = same.variant;
    this.loaded = same.loaded;
    this.model = same.model;
    this.sha256 = same.sha256;
    this.place = place;
    this.device = place.device().toString();
    this.weights = same.weights;
  }

  /** The same variant in another place, of which nothing is known yet. */
  Contender at(VariantPlace other) {
    return new Contender(this, other);
  }

  /** As messages call it: with the device where that is not the processor. */
  String title() {
    return variant.name() + (place.device().isGpu() ? " on " + device : "");
  }

  List<String> tensorOutputs() {
    List<String> names =
        model.graph().outputs().stream()
            .filter(o -> o.type() instanceof ValueType.TensorType)
            .map(ValueInfo::name)
            .toList();
    if (names.isEmpty()) {
      throw new InvalidDataException(
          variant.name() + " has no tensor among its outputs: there is nothing to score.");
    }
    return names;
  }

  /**
   * How it runs on the data.
   *
   * @throws InvalidDataException if that does not fit; the message names the variant
   */
  SampleRun runOn(Dataset data) {
    try {
      return DatasetSamples.runOf(data, model.graph());
    } catch (InvalidDataException e) {
      throw new InvalidDataException(variant.name() + ": " + e.getMessage(), e);
    }
  }

  /** Whether a sample's outputs depend on what is run with it: ranges found as it runs do. */
  boolean looksAtTheBatch() {
    return looksAtTheBatch(model.graph().nodes())
        || model.functions().stream().anyMatch(f -> looksAtTheBatch(f.nodes()));
  }

  private static boolean looksAtTheBatch(List<Node> nodes) {
    return nodes.stream()
        .anyMatch(
            n ->
                n.opType().startsWith("DynamicQuantize")
                    || n.subgraphs().stream().anyMatch(g -> looksAtTheBatch(g.nodes())));
  }

  boolean isAlive() {
    return error == null;
  }

  /** Ends its row: the first reason is kept. */
  void failed(Throwable why) {
    if (error == null) {
      error = why.getMessage() == null ? why.toString() : why.getMessage();
    }
  }

  VariantWorker open() {
    return Objects.requireNonNull(worker, "not loaded");
  }

  void close() {
    if (worker != null) {
      worker.close();
      worker = null;
    }
  }
}
