package dev.compress.calibrate;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.data.InputSpec;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
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
   * by class.
   *
   * @param dataset any dataset
   * @param graph the model's graph
   * @param most how many samples at most
   * @throws dev.compress.error.InvalidDataException if data and inputs do not fit
   */
  public static DatasetSamples of(Dataset dataset, Graph graph, long most) {
    return new DatasetSamples(dataset.bind(inputsOf(graph)).spread(most));
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
  public Optional<String> fingerprint() {
    return Optional.of(dataset.fingerprint());
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
}
