package dev.compress.metric;

import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.Map;
import java.util.Optional;

/**
 * How close a variant's outputs are to the baseline's, batch by batch. Accumulates in double, in
 * the order of the elements, so the result does not depend on the batch size. Not thread-safe.
 *
 * <ul>
 *   <li>SQNR: {@code 10 log10(sum x² / sum (x - y)²)} dB over all elements; +infinity where they
 *       are equal.
 *   <li>Cosine: {@code sum xy / sqrt(sum x² sum y²)}, all outputs taken as one vector.
 *   <li>Agreement: share of samples whose class, the first of the highest scores or the id itself,
 *       is the same.
 * </ul>
 *
 * <p>An element that is the same infinity, or NaN, in both is left out. One that is not finite in
 * one only makes the variant infinitely bad: SQNR is -infinity, the cosine unknown (NaN).
 */
public final class FidelityScorer {
  private double signal;
  private double noise;
  private double power;
  private double dot;
  private double worst;
  private long broken;
  private long samples;
  private long agreeing;
  private boolean classes = true;
  private boolean compared;

  /**
   * Adds a batch of all outputs. A sample has one class, however many outputs there are: that of
   * the first that compares. Shapes that depend on the data, such as kept boxes, may differ: then
   * nothing compares.
   *
   * @param reference the baseline's outputs by name
   * @param variant the variant's
   * @param rows samples in the batch, padding included
   * @param count how many of these rows count, from the first
   */
  public void addAll(
      Map<String, TensorBuffer> reference, Map<String, TensorBuffer> variant, int rows, int count) {
    boolean first = true;
    for (Map.Entry<String, TensorBuffer> output : reference.entrySet()) {
      TensorBuffer x = output.getValue();
      TensorBuffer y = variant.get(output.getKey());
      if (y == null || !x.shape().equals(y.shape()) || x.shape().elementCount() == 0) {
        continue;
      }
      boolean whole = x.shape().rank() == 0 || x.shape().dim(0) % rows != 0; // no row a sample
      addValues(x, y, whole ? 1 : rows, whole ? 1 : count);
      if (first) {
        addClasses(x, y, whole ? 1 : rows, whole ? 1 : count);
      }
      first = false;
    }
  }

  /**
   * Adds a batch of one output.
   *
   * @param reference the baseline's output
   * @param variant the variant's output, of the same shape
   * @param rows samples in the outputs, padding included
   * @param count how many of these rows count, from the first
   * @throws IllegalArgumentException if the shapes differ
   */
  public void add(TensorBuffer reference, TensorBuffer variant, int rows, int count) {
    addValues(reference, variant, rows, count);
    addClasses(reference, variant, rows, count);
  }

  /**
   * Adds what counts for SQNR and cosine only, such as a further output of the same samples.
   *
   * @see #add
   */
  public void addValues(TensorBuffer reference, TensorBuffer variant, int rows, int count) {
    if (!reference.shape().equals(variant.shape())) {
      throw new IllegalArgumentException(
          "Outputs of shapes "
              + reference.shape()
              + " and "
              + variant.shape()
              + " cannot be compared");
    }
    Elements x = Elements.of(reference);
    Elements y = Elements.of(variant);
    int width = x.width(rows);
    for (int i = 0; i < width * count; i++) {
      addElement(x.at(i), y.at(i));
    }
    compared |= width > 0;
  }

  /**
   * Adds what counts for the agreement only; each sample once.
   *
   * @see #add
   */
  public void addClasses(TensorBuffer reference, TensorBuffer variant, int rows, int count) {
    Elements x = Elements.of(reference);
    Elements y = Elements.of(variant);
    int width = x.width(rows);
    if (width == 0) {
      return; // such as the boxes of a picture without any
    }
    samples += count;
    classes &= holdsClasses(reference.shape(), width, x.isInteger(), rows);
    if (classes) {
      for (int row = 0; row < count; row++) {
        agreeing += sameClass(x, y, row, width) ? 1 : 0;
      }
    }
  }

  private void addElement(double x, double y) {
    if (!Double.isFinite(x) || !Double.isFinite(y)) {
      broken += Double.compare(x, y) == 0 ? 0 : 1;
      return;
    }
    double error = x - y;
    signal += x * x;
    noise += error * error;
    power += y * y;
    dot += x * y;
    worst = Math.max(worst, Math.abs(error));
  }

  private static boolean holdsClasses(Shape shape, int width, boolean integer, int rows) {
    if (width == 1) {
      return integer;
    }
    int wide = 0;
    for (int i = shape.dim(0) == rows ? 1 : 0; i < shape.rank(); i++) {
      wide += shape.dim(i) > 1 ? 1 : 0;
    }
    return wide == 1;
  }

  private static boolean sameClass(Elements x, Elements y, int row, int width) {
    if (width == 1) {
      return x.at(row) == y.at(row);
    }
    return LabelScorer.argMax(x, row * width, width) == LabelScorer.argMax(y, row * width, width);
  }

  /** The ratio of signal to noise in dB; NaN where nothing was added. */
  public double sqnrDb() {
    if (!compared) {
      return Double.NaN;
    }
    if (broken > 0) {
      return Double.NEGATIVE_INFINITY;
    }
    return noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
  }

  /** The cosine of the angle between the outputs; NaN where one of them is zero or not finite. */
  public double cosine() {
    if (compared && broken == 0 && noise == 0) {
      return 1;
    }
    if (broken > 0 || signal == 0 || power == 0) {
      return Double.NaN;
    }
    return Math.max(-1, Math.min(1, dot / (Math.sqrt(signal) * Math.sqrt(power))));
  }

  /** The largest absolute difference of two elements that are both finite. */
  public double largestDifference() {
    return worst;
  }

  /** Share of samples with the same class; empty where the output holds no class scores. */
  public Optional<MetricResult> agreement() {
    if (!classes || samples == 0) {
      return Optional.empty();
    }
    return Optional.of(
        new MetricResult(
            Metric.AGREEMENT,
            (double) agreeing / samples,
            samples,
            Optional.of(Wilson.interval95(agreeing, samples))));
  }

  /** SQNR as a metric's result. */
  public MetricResult sqnr() {
    return new MetricResult(Metric.SQNR, sqnrDb(), samples, Optional.empty());
  }

  /** Elements that are not finite in one of the two, or not finite in different ways. */
  public long brokenElements() {
    return broken;
  }

  /** The agreement against its limit, 1, with its interval; empty as {@link #agreement} is. */
  public Optional<PairedDifference> disagreement() {
    return classes && samples > 0
        ? Optional.of(PairedDifference.ofCounts(agreeing, samples - agreeing, 0, 0))
        : Optional.empty();
  }

  /** Whether any element was compared. */
  public boolean compared() {
    return compared;
  }

  /** How many samples were added. */
  public long samples() {
    return samples;
  }
}
