package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.Objective;
import dev.compress.train.Task;
import dev.compress.train.Teacher;
import dev.compress.train.TrainingJob;
import java.util.Arrays;
import java.util.List;

/**
 * Scores a model as it stands on the selection data.
 *
 * @param job whose selection data
 * @param score by what
 */
record SelectionRun(TrainingJob job, SelectionScore score) {
  /** The metric on the selection data. */
  double value(TrainableGraph graph, NDManager manager) {
    Dataset data = job.data().selection();
    SelectionScore.Tally tally = score.tally(data);
    int first = 0;
    for (Batch batch : data.batches(job.settings().batch())) {
      try (NDManager scope = manager.newSubManager()) {
        NDArray output =
            graph.forward(scope, BatchArrays.of(batch.inputs(), scope), false, List.of()).get(0);
        NDArray rows =
            output.getShape().get(0) == batch.count() ? output : output.get("0:" + batch.count());
        if (score.byTeacher()) {
          byTeacher(tally, rows, first, batch);
        } else if (batch.labels().length > 0) {
          tally.addLabels(rows, batch.labels());
        } else {
          tally.addTargets(rows, batch.targets());
        }
      }
      first += batch.count();
    }
    return tally.value();
  }

  private void byTeacher(SelectionScore.Tally tally, NDArray rows, int first, Batch batch) {
    int count = batch.count();
    int[] positions = new int[count];
    for (int i = 0; i < count; i++) {
      positions[i] = first + i;
    }
    Teacher teacher =
        job.objective().teaching().flatMap(Objective.Teaching::selection).orElseThrow();
    TensorBuffer answer = teacher.answer(positions, batch::inputs).get(0);
    int width = Math.toIntExact(answer.shape().elementCount() / answer.shape().dim(0));
    float[] said = Arrays.copyOf(answer.toFloats(), count * width); // without what only fills up
    if (job.objective().task() == Task.REGRESSION) {
      tally.addTargets(rows, said);
      return;
    }
    long[] best = new long[count];
    for (int i = 0; i < count; i++) {
      for (int c = 1; c < width; c++) {
        if (said[i * width + c] > said[i * width + (int) best[i]]) {
          best[i] = c;
        }
      }
      best[i] = width == 1 && said[i] > 0 ? 1 : best[i];
    }
    tally.addLabels(rows, best);
  }
}
