package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;

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
    NDArray student = Rows.of(values.student(value)).div((float) temperature);
    NDArray teacher = Rows.of(values.teacher().get(signal)).div((float) temperature);
    long rows = student.getShape().get(0);
    NDArray wanted = teacher.softmax(1);
    NDArray gap = teacher.logSoftmax(1).sub(student.logSoftmax(1));
    return wanted.mul(gap).sum().mul((float) (temperature * temperature / rows));
  }
}
