package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import dev.compress.error.InvalidDataException;
import dev.compress.models.autograd.op.Scalars;

/**
 * The mean of {@code (y - target)^2} over all elements.
 *
 * @param value the student's values
 */
record SquaredError(String value) implements LossTerm {
  @Override
  public NDArray of(StepValues values) {
    NDArray found = values.student(value);
    if (found.size() != values.targets().length) {
      throw new InvalidDataException(
          "The student's output "
              + found.getShape()
              + " holds "
              + found.size()
              + " values for "
              + values.targets().length
              + " targets. Give as many targets a sample as it has values.");
    }
    NDArray targets = Scalars.owned(values.scope().create(values.targets(), found.getShape()));
    return found.sub(targets).square().mean();
  }
}
