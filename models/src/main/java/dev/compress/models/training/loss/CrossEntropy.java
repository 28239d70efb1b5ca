package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.compress.error.InvalidDataException;
import dev.compress.models.autograd.op.Scalars;
import java.util.List;

/**
 * {@code -sum_n w_y(n) log softmax(z_n)_y(n) / sum_n w_y(n)}, in nats, over the labels {@code y}.
 *
 * @param value the scores
 * @param classWeights what an error in each class counts; empty: the same
 */
record CrossEntropy(String value, List<Double> classWeights) implements LossTerm {
  @Override
  public NDArray of(StepValues values) {
    NDArray scores = Rows.of(values.student(value));
    int rows = Math.toIntExact(scores.getShape().get(0));
    int classes = Math.toIntExact(scores.getShape().get(1));
    long[] labels = values.labels();
    if (rows != labels.length) {
      throw new InvalidDataException(
          "The student's output "
              + values.student(value).getShape()
              + " is more than a choice a sample, and there is one label a sample. Train without"
              + " labels, on a teacher alone (--alpha 1).");
    }
    float[] wanted = new float[rows * classes];
    double sum = 0;
    for (long label : labels) {
      sum += weight(label);
    }
    for (int row = 0; row < rows; row++) {
      wanted[row * classes + (int) labels[row]] =
          sum == 0 ? 0 : (float) (weight(labels[row]) / sum);
    }
    NDArray target = Scalars.owned(values.scope().create(wanted, new Shape(rows, classes)));
    return scores.logSoftmax(1).mul(target).sum().neg();
  }

  private double weight(long label) {
    return classWeights.isEmpty() ? 1 : classWeights.get((int) label);
  }
}
