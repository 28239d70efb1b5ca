package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import dev.compress.data.Dataset;
import dev.compress.data.LabelKind;
import dev.compress.error.InvalidDataException;
import dev.compress.metric.ErrorScorer;
import dev.compress.metric.LabelScorer;
import dev.compress.metric.Metric;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.Objective;
import dev.compress.train.Task;

/**
 * By which the best epoch is chosen: the data's metric, or how close the student is to its teacher.
 */
final class SelectionScore {
  private final Metric metric;
  private final boolean byTeacher;

  private SelectionScore(Metric metric, boolean byTeacher) {
    this.metric = metric;
    this.byTeacher = byTeacher;
  }

  static SelectionScore of(Objective objective, Dataset selection) {
    if (objective.labels() && selection.labelKind() != LabelKind.NONE) {
      boolean classes = selection.labelKind() == LabelKind.CLASS;
      Metric metric = selection.metric().orElse(classes ? Metric.TOP1 : Metric.MSE);
      Metric.Needs needs = classes ? Metric.Needs.CLASS_LABELS : Metric.Needs.TARGET_VALUES;
      return new SelectionScore(
          metric.needs() == needs ? metric : classes ? Metric.TOP1 : Metric.MSE, false);
    }
    if (objective.teaching().flatMap(Objective.Teaching::selection).isEmpty()) {
      throw new InvalidDataException(
          selection.name()
              + " has no labels to select the best epoch by. Name other data with"
              + " --validation-data.");
    }
    return new SelectionScore(
        objective.task() == Task.CLASSIFICATION ? Metric.AGREEMENT : Metric.MSE, true);
  }

  /** Such as "top1". */
  String name() {
    return metric.key();
  }

  boolean byTeacher() {
    return byTeacher;
  }

  boolean isRate() {
    return metric.isRate();
  }

  /** Whether one value is better than another; nothing is better than a number that is none. */
  boolean isBetter(double value, double than) {
    if (Double.isNaN(value)) {
      return false;
    }
    return Double.isNaN(than) || (metric.higherIsBetter() ? value > than : value < than);
  }

  Tally tally(Dataset data) {
    return new Tally(data);
  }

  /** Adds up batches. */
  final class Tally {
    private final LabelScorer labels;
    private final ErrorScorer errors = new ErrorScorer(Metric.MSE);
    private final ErrorScorer absolute = new ErrorScorer(Metric.MAE);
    private final boolean classes;

    Tally(Dataset data) {
      classes = metric == Metric.AGREEMENT || metric.needs() == Metric.Needs.CLASS_LABELS;
      Metric scored = classes && metric != Metric.AGREEMENT ? metric : Metric.TOP1;
      labels = new LabelScorer(scored, data.threshold());
    }

    void addLabels(NDArray output, long[] classOf) {
      labels.add(buffer(output), classOf);
    }

    void addTargets(NDArray output, float[] targets) {
      int rows = Math.toIntExact(output.getShape().get(0));
      (metric == Metric.MAE ? absolute : errors).add(buffer(output), rows, targets, rows);
    }

    double value() {
      return classes
          ? labels.result().value()
          : (metric == Metric.MAE ? absolute : errors).result().value();
    }

    private static TensorBuffer buffer(NDArray array) {
      return TensorBuffer.of(Shape.of(array.getShape().getShape()), array.toFloatArray());
    }
  }
}
