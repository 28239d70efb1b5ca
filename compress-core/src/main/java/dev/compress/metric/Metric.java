package dev.compress.metric;

import dev.compress.error.InvalidDataException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The quality measures that a dataset may name and that evaluations report. */
public enum Metric {
  /** Share of samples whose highest score is the labelled class. */
  TOP1("top1", Needs.CLASS_LABELS, true, true),
  /** Share of samples whose labelled class is among the five highest scores. */
  TOP5("top5", Needs.CLASS_LABELS, true, true),
  /** Macro-averaged F1: the plain mean of the F1 of every class that occurs. */
  F1("f1", Needs.CLASS_LABELS, false, true),
  /** Share of samples whose class is right, for models that may output the class id itself. */
  ACCURACY("accuracy", Needs.CLASS_LABELS, true, true),
  /** Mean squared error against target values. */
  MSE("mse", Needs.TARGET_VALUES, false, false),
  /** Mean absolute error against target values. */
  MAE("mae", Needs.TARGET_VALUES, false, false),
  /** Share of samples on which a variant picks the same class as the baseline. */
  AGREEMENT("agreement", Needs.REFERENCE_OUTPUTS, true, true),
  /** Signal to quantization noise ratio of a variant's outputs against the baseline's, in dB. */
  SQNR("sqnr", Needs.REFERENCE_OUTPUTS, false, true);

  /** What a metric compares outputs with. */
  public enum Needs {
    /** The id of the right class of every sample. */
    CLASS_LABELS,
    /** The right output values of every sample. */
    TARGET_VALUES,
    /** The outputs of the baseline model for the same samples; no labels. */
    REFERENCE_OUTPUTS
  }

  private final String key;
  private final Needs needs;
  private final boolean proportion;
  private final boolean higherIsBetter;

  Metric(String key, Needs needs, boolean proportion, boolean higherIsBetter) {
    this.key = key;
    this.needs = needs;
    this.proportion = proportion;
    this.higherIsBetter = higherIsBetter;
  }

  /** The name in descriptors and reports, such as "top1". */
  public String key() {
    return key;
  }

  /** What it compares outputs with. */
  public Needs needs() {
    return needs;
  }

  /** Whether a higher value is better; false for errors. */
  public boolean higherIsBetter() {
    return higherIsBetter;
  }

  /** Whether it is a count of right samples over all samples, so that McNemar's test applies. */
  public boolean isProportion() {
    return proportion;
  }

  /** Whether it is a fraction from 0 to 1, whose differences are given in points of 100. */
  public boolean isRate() {
    return proportion || this == F1;
  }

  /**
   * How much worse a value is than the baseline's, as {@code --max-drop} counts it: in points (0.5
   * is half a point of 100) for rates, in per cent of the baseline for errors, in dB for SQNR.
   *
   * @param baseline the baseline's value
   * @param value the variant's value
   * @return positive where the variant is worse; infinite where an error grew from 0
   */
  public double drop(double baseline, double value) {
    if (isRate()) {
      return 100 * (baseline - value);
    }
    if (higherIsBetter) {
      return baseline == value ? 0 : baseline - value;
    }
    if (baseline == value) {
      return 0;
    }
    return 100 * (value - baseline) / Math.abs(baseline);
  }

  /**
   * The metric of a name.
   *
   * @param key its name in a descriptor, in any case
   * @return the metric
   * @throws InvalidDataException if there is none of that name; the message lists those there are
   */
  public static Metric of(String key) {
    String wanted = key.toLowerCase(Locale.ROOT);
    for (Metric metric : values()) {
      if (metric.key.equals(wanted)) {
        return metric;
      }
    }
    throw new InvalidDataException(
        "Unknown metric '"
            + key
            + "'. Known: "
            + Arrays.stream(values()).map(Metric::key).collect(Collectors.joining(", "))
            + ".");
  }

  @Override
  public String toString() {
    return key;
  }
}
