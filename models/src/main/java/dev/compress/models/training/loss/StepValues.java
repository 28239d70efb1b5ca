package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a step's loss is computed from.
 *
 * @param student values of its graph, by name; a row a sample
 * @param teacher one a signal, in order
 * @param labels the class of each sample; empty where there are none
 * @param targets the target values, sample by sample; empty where there are none
 * @param scope owns what is made
 */
@SuppressWarnings("ArrayRecordComponent") // compared nowhere
public record StepValues(
    Map<String, NDArray> student,
    List<NDArray> teacher,
    long[] labels,
    float[] targets,
    NDManager scope) {
  NDArray student(String value) {
    return Objects.requireNonNull(student.get(value));
  }
}
