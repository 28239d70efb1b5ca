package dev.compress.metric;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Scores class predictions against labels, batch by batch: {@link Metric#TOP1}, {@link
 * Metric#TOP5}, {@link Metric#F1} and {@link Metric#ACCURACY}.
 *
 * <p>An output is either scores, {@code [rows, classes]} with any number of further dims of size 1,
 * or class ids, an integer tensor with one element a row. Of equal scores the lowest class wins, as
 * ArgMax of ONNX and NumPy has it. A row that holds a NaN is wrong, whatever the label, and is
 * counted.
 *
 * <p>Keeps eight bytes a sample, for the paired tests and the interval of F1. The result depends on
 * the samples and their order only, not on how they were cut into batches. Not thread-safe.
 */
public final class LabelScorer {
  /** What {@link #predicted()} holds for a row with a NaN. */
  public static final int NO_CLASS = -1;

  private final Metric metric;
  private final OptionalDouble threshold;
  private final BitSet correct = new BitSet();
  private int[] predicted = new int[1024];
  private int[] labels = new int[1024];
  private int samples;
  private long invalidRows;

  /**
   * A scorer that has seen nothing.
   *
   * @param metric one that needs class labels
   * @throws IllegalArgumentException if it needs something else
   */
  public LabelScorer(Metric metric) {
    this(metric, OptionalDouble.empty());
  }

  /**
   * A scorer that has seen nothing.
   *
   * @param metric one that needs class labels
   * @param threshold the class of an output with one score a sample: 1 over it, else 0; empty: such
   *     an output has no classes
   * @throws IllegalArgumentException if the metric needs something else
   */
  public LabelScorer(Metric metric, OptionalDouble threshold) {
    if (metric.needs() != Metric.Needs.CLASS_LABELS) {
      throw new IllegalArgumentException(metric + " is not computed from class labels");
    }
    this.metric = metric;
    this.threshold = threshold;
  }

  /**
   * Adds a batch.
   *
   * @param output scores or class ids; dim 0 counts rows, of which the first {@code labels.length}
   *     count (the rest is padding)
   * @param batchLabels the right class of every sample
   * @throws InvalidDataException if a label is not a class of the output, or the output holds no
   *     class scores
   */
  public void add(TensorBuffer output, long[] batchLabels) {
    int rows = rows(output, batchLabels.length);
    Elements elements = Elements.of(output);
    int classes = elements.width(rows);
    boolean ids = classes == 1 && elements.isInteger();
    boolean binary = threshold.isPresent() && classes == 1 && !ids;
    if (binary) {
      addBinary(elements, batchLabels, output.shape());
      return;
    }
    checkClasses(output, classes, ids, rows);
    ensureCapacity(samples + batchLabels.length);
    for (int row = 0; row < batchLabels.length; row++) {
      int label = label(batchLabels[row], ids ? Integer.MAX_VALUE : classes, output.shape());
      int best = ids ? id(elements.at(row)) : argMax(elements, row * classes, classes);
      if (best == NO_CLASS) {
        invalidRows++;
      }
      boolean right =
          (metric == Metric.TOP5 && !ids)
              ? (best != NO_CLASS && rank(elements, row * classes, classes, label) < 5)
              : best == label;
      correct.set(samples, right);
      predicted[samples] = best;
      labels[samples] = label;
      samples++;
    }
  }

  private void addBinary(Elements scores, long[] batchLabels, Shape shape) {
    ensureCapacity(samples + batchLabels.length);
    for (int row = 0; row < batchLabels.length; row++) {
      int label = label(batchLabels[row], 2, shape);
      double score = scores.at(row);
      int best = Double.isNaN(score) ? NO_CLASS : score > threshold.getAsDouble() ? 1 : 0;
      invalidRows += best == NO_CLASS ? 1 : 0;
      correct.set(samples, best == label);
      predicted[samples] = best;
      labels[samples] = label;
      samples++;
    }
  }

  private static int rows(TensorBuffer output, int count) {
    Shape shape = output.shape();
    long rows = shape.rank() == 0 ? 1 : shape.dim(0);
    if (rows < count && count > 1) {
      throw new InvalidDataException(
          "The model's output "
              + shape
              + " holds "
              + rows
              + " rows for "
              + count
              + " samples. Scoring by labels needs one row a sample.");
    }
    // Scores without a batch dim, [classes], belong to a single sample.
    boolean single = count == 1 && shape.rank() == 1 && output.type().isFloatingPoint();
    return single ? 1 : Math.toIntExact(Math.max(rows, 1));
  }

  private void checkClasses(TensorBuffer output, int classes, boolean ids, int rows) {
    if (ids) {
      if (metric == Metric.TOP5) {
        throw new InvalidDataException(
            "The model's output "
                + output.shape()
                + " holds class ids, so there is no top 5. "
                + "Use metric: top1, f1 or accuracy.");
      }
      return;
    }
    int wide = 0;
    long[] dims = output.shape().toArray();
    for (int i = rows == 1 && dims.length == 1 ? 0 : 1; i < dims.length; i++) {
      wide += dims[i] > 1 ? 1 : 0;
    }
    if (classes < 2 || wide != 1) {
      throw new InvalidDataException(
          "The model's output "
              + output.type()
              + output.shape()
              + " holds no class scores: "
              + metric
              + " needs [samples, classes] or integer ids [samples]. "
              + (classes == 1 ? "For two classes by one score say threshold: 0.5; or set" : "Set")
              + " another metric, such as mse or agreement, in the data descriptor.");
    }
  }

  private int label(long label, int classes, Shape shape) {
    if (label < 0 || label >= classes) {
      throw new InvalidDataException(
          "Label "
              + label
              + " of sample "
              + samples
              + " (from 0) of the dataset is out of range: the model's output "
              + shape
              + " has classes 0 to "
              + (classes - 1)
              + ".");
    }
    return (int) label;
  }

  private static int id(double value) {
    return value >= 0 && value <= Integer.MAX_VALUE ? (int) value : NO_CLASS;
  }

  /** The first of the highest scores, or {@link #NO_CLASS} where one is NaN. */
  static int argMax(Elements scores, int from, int classes) {
    int best = 0;
    double highest = scores.at(from);
    boolean nan = Double.isNaN(highest);
    for (int c = 1; c < classes; c++) {
      double score = scores.at(from + c);
      nan |= Double.isNaN(score);
      if (score > highest) {
        highest = score;
        best = c;
      }
    }
    return nan ? NO_CLASS : best;
  }

  /** How many classes come before {@code label} when sorted by score, then by class. */
  private static int rank(Elements scores, int from, int classes, int label) {
    double own = scores.at(from + label);
    int rank = 0;
    for (int c = 0; c < classes; c++) {
      double score = scores.at(from + c);
      rank += score > own || (score == own && c < label) ? 1 : 0;
    }
    return rank;
  }

  private void ensureCapacity(int wanted) {
    if (wanted > predicted.length) {
      int capacity = Math.max(wanted, predicted.length * 2);
      predicted = Arrays.copyOf(predicted, capacity);
      labels = Arrays.copyOf(labels, capacity);
    }
  }

  /** The value so far, with Wilson's 95% interval for proportions and a bootstrap one for F1. */
  public MetricResult result() {
    if (samples == 0) {
      return new MetricResult(metric, Double.NaN, 0, Optional.empty());
    }
    if (metric == Metric.F1) {
      int[] right = Arrays.copyOf(labels, samples);
      int[] guess = Arrays.copyOf(predicted, samples);
      return new MetricResult(
          metric,
          MacroF1.of(right, guess),
          samples,
          Optional.of(MacroF1.bootstrap95(right, guess)));
    }
    int hits = correct.cardinality();
    return new MetricResult(
        metric, (double) hits / samples, samples, Optional.of(Wilson.interval95(hits, samples)));
  }

  /**
   * The difference of two models' values on the same samples, this one's second.
   *
   * @param first the other one's, which has seen the same samples in the same order
   * @throws IllegalArgumentException if it has not
   */
  public PairedDifference differenceFrom(LabelScorer first) {
    if (first.metric != metric
        || !Arrays.equals(
            Arrays.copyOf(first.labels, first.samples), Arrays.copyOf(labels, samples))) {
      throw new IllegalArgumentException("Only scores of the same samples can be paired");
    }
    return metric == Metric.F1
        ? PairedDifference.ofMacroF1(Arrays.copyOf(labels, samples), first.predicted(), predicted())
        : PairedDifference.ofCorrect(first.correct, correct, samples);
  }

  /**
   * McNemar's test against another model's score of the same samples, the other one first; empty
   * where the metric is no count of right samples.
   *
   * @param first the other one's
   */
  public Optional<McNemar> testAgainst(LabelScorer first) {
    return metric.isProportion()
        ? Optional.of(McNemar.of(first.correct, correct))
        : Optional.empty();
  }

  /** Which samples were right so far, in the order in which they were added; a copy. */
  public BitSet correct() {
    return (BitSet) correct.clone();
  }

  /**
   * The predicted class of every sample so far, {@link #NO_CLASS} where a score was NaN; a copy.
   */
  public int[] predicted() {
    return Arrays.copyOf(predicted, samples);
  }

  /** How many samples were added. */
  public int samples() {
    return samples;
  }

  /** How many rows held a NaN or an impossible class id; they count as wrong. */
  public long invalidRows() {
    return invalidRows;
  }
}
