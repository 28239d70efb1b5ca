package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import dev.compress.models.autograd.op.Scalars;

/**
 * Hinton's soft loss, {@code T^2 KL(softmax(t / T) || softmax(z / T))}, in the mean over the rows
 * (arXiv 1503.02531).
 *
 * @param value the student's scores
 * @param signal which of the teacher's answers
 * @param temperature T
 */
record SoftTargets(String value, int signal, double temperature) implements LossTerm {
  @Override
  public NDArray of(StepValues values) {
    NDArray student = Scalars.over(Rows.of(values.student(value)), temperature);
    NDArray teacher = Scalars.over(Rows.of(values.teacher().get(signal)), temperature);
    long rows = student.getShape().get(0);
    NDArray wanted = teacher.softmax(1);
    NDArray gap = teacher.logSoftmax(1).sub(student.logSoftmax(1));
    return Scalars.times(wanted.mul(gap).sum(), temperature * temperature / rows);
  }
}
