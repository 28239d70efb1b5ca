package dev.compress.calibrate;

import java.util.List;
import java.util.Locale;

/**
 * A rule that chooses, from the histogram of a tensor, the range that its quantized form covers.
 * Values outside are cut to its ends: a smaller range gives smaller steps and more cutting. Masks
 * of attentions ({@link Histogram#withoutMask()}) and values that are not finite take no part.
 */
public sealed interface RangeMethod {
  /** The exact extremes. */
  RangeMethod MIN_MAX = new MinMax();

  /** The least mean squared error. */
  RangeMethod SQUARED_ERROR = new SquaredError();

  /** The least Kullback-Leibler divergence, with 2048 to 4096 bins. */
  RangeMethod KULLBACK_LEIBLER = new KullbackLeibler(2048);

  /**
   * Chooses a range.
   *
   * @param histogram what was observed
   * @param grid the integer grid that will cover the range
   * @return the range; symmetric if the grid is; the zero range where no finite value was seen
   */
  ValueRange fit(Histogram histogram, QuantizationGrid grid);

  /** The name that {@link #parse} reads, such as {@code minmax} or {@code percentile:99.99}. */
  String name();

  /**
   * Reads a method's name.
   *
   * @param text {@code minmax}, {@code percentile} (99.999), {@code percentile:P}, {@code kl},
   *     {@code kl:BINS} or {@code mse}; {@code entropy} is another name of {@code kl}
   * @throws IllegalArgumentException if it is something else
   */
  static RangeMethod parse(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    int colon = lower.indexOf(':');
    String argument = colon < 0 ? "" : lower.substring(colon + 1);
    try {
      RangeMethod method =
          switch (colon < 0 ? lower : lower.substring(0, colon)) {
            case "minmax" -> MIN_MAX;
            case "mse" -> SQUARED_ERROR;
            case "percentile" ->
                new Percentile(argument.isEmpty() ? 99.999 : Double.parseDouble(argument));
            case "kl", "entropy" ->
                argument.isEmpty()
                    ? KULLBACK_LEIBLER
                    : new KullbackLeibler(Integer.parseInt(argument));
            default -> throw new IllegalArgumentException("no such method");
          };
      boolean takesArgument = method instanceof Percentile || method instanceof KullbackLeibler;
      if (!argument.isEmpty() && !takesArgument) {
        throw new IllegalArgumentException("it takes no argument");
      }
      return method;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "Calibration method '"
              + text
              + "': "
              + e.getMessage()
              + ". Use minmax, percentile, percentile:99.99, kl or mse.",
          e);
    }
  }

  /** The methods worth trying on a tensor of which nothing is known. */
  static List<RangeMethod> candidates() {
    return List.of(
        MIN_MAX,
        new Percentile(99.9),
        new Percentile(99.99),
        new Percentile(99.999),
        KULLBACK_LEIBLER,
        SQUARED_ERROR);
  }

  /** From the smallest to the largest value: nothing is cut. */
  record MinMax() implements RangeMethod {
    @Override
    public ValueRange fit(Histogram histogram, QuantizationGrid grid) {
      ValueRange range = histogram.withoutMask().summary().range();
      return grid.symmetric() ? range.symmetric() : range;
    }

    @Override
    public String name() {
      return "minmax";
    }
  }

  /**
   * The range that holds the given per cent of all values: half of the rest is cut at either end,
   * or, on a symmetric grid, all values of the largest magnitude.
   *
   * @param percent over 50, at most 100
   */
  record Percentile(double percent) implements RangeMethod {
    /** Checks the percentage. */
    public Percentile {
      if (!(percent > 50 && percent <= 100)) {
        throw new IllegalArgumentException(
            "a percentile lies over 50 and is at most 100, not " + percent);
      }
    }

    @Override
    public ValueRange fit(Histogram histogram, QuantizationGrid grid) {
      Histogram values = histogram.withoutMask();
      if (grid.symmetric()) {
        float reach = magnitude(values);
        return new ValueRange(-reach, reach);
      }
      double cut = (100 - percent) / 200;
      return ValueRange.covering(values.quantile(cut), values.quantile(1 - cut));
    }

    /** The smallest reach t such that at least the wanted share of all values is in [-t, t]. */
    private float magnitude(Histogram values) {
      double cut = (100 - percent) / 100;
      float inside = values.summary().range().absMax();
      float outside = 0f;
      if (values.shareOutside(ValueRange.ZERO) <= cut) {
        return 0f;
      }
      // Bisection: the share outside falls as the reach grows.
      for (int step = 0; step < 60 && outside < inside; step++) {
        float middle = (float) (0.5 * ((double) outside + inside));
        if (middle == outside || middle == inside) {
          break;
        }
        if (values.shareOutside(new ValueRange(-middle, middle)) <= cut) {
          inside = middle;
        } else {
          outside = middle;
        }
      }
      return inside;
    }

    @Override
    public String name() {
      return "percentile:" + percent;
    }
  }

  /**
   * The range whose quantized distribution loses the least information: of all ranges that cut both
   * sides at one and the same magnitude, the one with the smallest divergence KL(P || Q). P is the
   * distribution of the values with those outside counted at the ends; Q is that of the values
   * inside, averaged over those bins of each quantization step that are not empty. Exact zeros are
   * left out, for no grid changes them. After S. Migacz, 8-bit inference with TensorRT (GTC 2017).
   *
   * @param bins the least number of equal bins between the extremes, or from zero to the largest
   *     magnitude for a symmetric grid (their width is a power of two); at least 16
   */
  record KullbackLeibler(int bins) implements RangeMethod {
    /** Checks the number of bins. */
    public KullbackLeibler {
      if (bins < 16) {
        throw new IllegalArgumentException("it takes at least 16 bins, not " + bins);
      }
    }

    @Override
    public ValueRange fit(Histogram histogram, QuantizationGrid grid) {
      return DivergenceSearch.fit(histogram.withoutMask(), grid, bins);
    }

    @Override
    public String name() {
      return bins == 2048 ? "kl" : "kl:" + bins;
    }
  }

  /**
   * The range with the smallest mean squared error of the quantized values ({@link
   * QuantizationGrid#meanSquaredError}), both ends being searched.
   */
  record SquaredError() implements RangeMethod {
    @Override
    public ValueRange fit(Histogram histogram, QuantizationGrid grid) {
      return new SquaredErrorSearch(histogram.withoutMask(), grid).fit();
    }

    @Override
    public String name() {
      return "mse";
    }
  }
}
