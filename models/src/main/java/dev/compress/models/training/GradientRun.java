package dev.compress.models.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.compress.calibrate.SampleLabels;
import dev.compress.gradient.Differentiated;
import dev.compress.gradient.GradientJob;
import dev.compress.gradient.SampleGradients;
import dev.compress.models.autograd.Parameter;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.models.training.loss.SampleLoss;
import dev.compress.progress.Progress;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The gradients of one job, sample by sample. Every operator computes on one thread, so that no sum
 * depends on how many there are; memory does not depend on how many samples there are.
 */
final class GradientRun {
  private final GradientJob job;
  private final Progress progress;
  private final SampleGradients reader;
  private long samples;

  GradientRun(GradientJob job, Progress progress, SampleGradients reader) {
    this.job = job;
    this.progress = progress;
    this.reader = reader;
  }

  /** Reads all samples. */
  Differentiated run() {
    Engine engine = OfflineEngine.withThreads(1);
    return Gradients.notRecording(() -> run(engine));
  }

  private Differentiated run(Engine engine) {
    SampleLoss loss = new SampleLoss(job.model().graph(), job.seed());
    progress.begin("take gradients", job.samples().count());
    try (NDManager manager = engine.newBaseManager();
        TrainableGraph graph = TrainableGraph.of(job.model(), manager)) {
      List<Parameter> all = graph.parameters().stream().filter(Parameter::trainable).toList();
      job.samples()
          .forEachLabelledBatch(
              1,
              (inputs, labels) -> {
                progress.check();
                read(graph, all, loss, inputs, labels, manager);
                progress.advance(labels.samples());
                return true;
              });
    }
    return new Differentiated(samples, loss.inWords());
  }

  private void read(
      TrainableGraph graph,
      List<Parameter> all,
      SampleLoss loss,
      Map<String, TensorBuffer> inputs,
      SampleLabels labels,
      NDManager manager) {
    for (int row = 0; row < labels.samples(); row++) {
      // a model of a fixed batch runs anew for each of its samples, which the others do not reach
      try (NDManager scope = manager.newSubManager()) {
        all.forEach(p -> Gradients.clear(p.array()));
        SampleLoss.Sample sample = sample(labels, row, inputs);
        Gradients.recording(
            () -> {
              NDList values =
                  graph.forward(scope, BatchArrays.of(inputs, scope), false, loss.taps());
              Gradients.backward(loss.of(values, sample, scope), scope);
              return true;
            });
        for (Parameter parameter : all) {
          if (job.weights().contains(parameter.name())) {
            NDArray gradient = Gradients.of(parameter.array(), scope);
            reader.read(parameter.name(), gradient.toType(DataType.FLOAT32, false).toFloatArray());
          }
        }
        reader.sampleOver();
        samples++;
      }
    }
  }

  private SampleLoss.Sample sample(SampleLabels labels, int row, Map<String, TensorBuffer> inputs) {
    long[] classes = labels.classes();
    float[] targets = labels.targets();
    int width = targets.length / labels.samples();
    List<Float> values = new ArrayList<>();
    for (float target : Arrays.copyOfRange(targets, row * width, (row + 1) * width)) {
      values.add(target);
    }
    long batch =
        job.samples().batchable()
            ? 1
            : inputs.values().stream()
                .filter(t -> t.shape().rank() > 0)
                .mapToLong(t -> t.shape().dim(0))
                .findFirst()
                .orElse(1);
    return new SampleLoss.Sample(
        samples, row, batch, classes.length == 0 ? -1 : classes[row], values);
  }
}
