package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;

/**
 * The mean of {@code (y - t)^2} over all elements, t being the teacher's values.
 *
 * @param value the student's
 * @param signal which of the teacher's answers
 */
record TeacherError(String value, int signal) implements LossTerm {
  @Override
  public NDArray of(StepValues values) {
    NDArray student = values.student(value);
    NDArray teacher = values.teacher().get(signal).reshape(student.getShape());
    return student.sub(teacher).square().mean();
  }
}
