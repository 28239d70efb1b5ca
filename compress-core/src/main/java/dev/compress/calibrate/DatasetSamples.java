package dev.compress.calibrate;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.data.InputSpec;
import dev.compress.data.SampleRun;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The samples of a dataset as a model's inputs.
 *
 * @param dataset bound to the model
 */
public record DatasetSamples(Dataset dataset) implements Samples {
  /**
   * Binds a dataset to a model and takes samples at equal distances, because files are often sorted
   * by class. Of sequences for a recurrent model it takes windows, with the states that the model
   * comes to.
   *
   * @param dataset any dataset
   * @param model the model
   * @param most how many samples at most; of windows about as many
   * @param threads for the runs that find states
   * @throws dev.compress.error.InvalidDataException if data and inputs do not fit
   */
  public static Samples of(Dataset dataset, OnnxModel model, long most, int threads) {
    SampleRun run = runOf(dataset, model.graph());
    return run.recurrent()
        ? SequenceSamples.of(run, model, most, threads)
        : new DatasetSamples(run.dataset().spread(most));
  }

  /** How a graph runs on a dataset's samples. */
  public static SampleRun runOf(Dataset dataset, Graph graph) {
    return dataset.run(inputsOf(graph), outputsOf(graph));
  }

  private static List<InputSpec> outputsOf(Graph graph) {
    return graph.outputs().stream()
        .filter(output -> output.type() instanceof ValueType.TensorType)
        .map(InputSpec::of)
        .toList();
  }

  /** What a graph wants of its data: its inputs that are no initializers. */
  public static List<InputSpec> inputsOf(Graph graph) {
    Set<String> constants =
        graph.initializers().stream().map(Initializer::name).collect(Collectors.toSet());
    List<InputSpec> specs = new ArrayList<>();
    for (ValueInfo input : graph.inputs()) {
      if (!constants.contains(input.name()) && input.type() instanceof ValueType.TensorType) {
        specs.add(InputSpec.of(input));
      }
    }
    return specs;
  }

  @Override
  public long count() {
    return dataset.sampleCount();
  }

  @Override
  public boolean batchable() {
    return dataset.fixedBatch() == 0;
  }

  @Override
  public int fixedRows() {
    return Math.max(1, dataset.fixedBatch());
  }

  @Override
  public Optional<String> fingerprint() {
    return Optional.of(dataset.fingerprint());
  }

  @Override
  public Optional<Dataset> source() {
    return Optional.of(dataset);
  }

  @Override
  public void forEachBatch(int batchSize, BatchReader reader) {
    // A fixed batch that is not filled is padded with samples seen before: harmless for ranges.
    for (Batch batch : dataset.batches(batchable() ? batchSize : dataset.fixedBatch())) {
      Map<String, TensorBuffer> inputs = batch.inputs();
      if (!reader.read(inputs, batch.count())) {
        return;
      }
    }
  }

  @Override
  public void forEachLabelledBatch(int batchSize, LabelledReader reader) {
    for (Batch batch : dataset.batches(batchable() ? batchSize : dataset.fixedBatch())) {
      SampleLabels labels = new SampleLabels(batch.count(), batch.labels(), batch.targets());
      if (!reader.read(batch.inputs(), labels)) {
        return;
      }
    }
  }
}
