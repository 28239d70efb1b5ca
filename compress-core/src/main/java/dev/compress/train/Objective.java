package dev.compress.train;

import java.util.List;
import java.util.Optional;

/**
 * What a model is to learn.
 *
 * @param task what its outputs are
 * @param teaching a teacher's share in it; empty: labels alone
 * @param labels whether labels count; without, the teacher alone does
 * @param classWeights what an error in each class counts, in order; empty: the same
 */
public record Objective(
    Task task, Optional<Teaching> teaching, boolean labels, List<Double> classWeights) {
  /** Copies and checks. */
  public Objective {
    classWeights = List.copyOf(classWeights);
    if (!labels && teaching.isEmpty()) {
      throw new IllegalArgumentException("There is nothing to learn from: no labels, no teacher");
    }
    for (double weight : classWeights) {
      if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("A class weight of " + weight);
      }
    }
  }

  /** Labels alone. */
  public static Objective of(Task task) {
    return new Objective(task, Optional.empty(), true, List.of());
  }

  /**
   * A teacher's share.
   *
   * @param training what it says of the training data
   * @param selection what it says of the selection data; needed where there are no labels
   * @param temperature by which scores are divided before they become probabilities
   * @param alpha weight of what the teacher says against the labels, 0 to 1
   */
  public record Teaching(
      Teacher training, Optional<Teacher> selection, double temperature, double alpha) {
    /** Checks. */
    public Teaching {
      if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "--temperature must be over 0, not " + temperature + ".");
      }
      if (!(alpha >= 0 && alpha <= 1)) {
        throw new IllegalArgumentException("--alpha must be 0 to 1, not " + alpha + ".");
      }
    }
  }
}
