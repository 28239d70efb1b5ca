package dev.compress.evaluation.report;

import java.util.Locale;

/**
 * Numbers with units, short enough for tables; always with a decimal point, whatever the locale.
 */
public final class Quantity {
  private static final String[] DECIMAL = {"", "k", "M", "G", "T", "P", "E"};
  private static final String[] SMALL = {"", "m", "u", "n", "p"};
  private static final double BINARY_STEP = 1024;

  private Quantity() {}

  /** Bytes of files, in powers of 1000: {@code 338 kB}. */
  public static String bytes(long bytes) {
    return bytes < 1000 ? bytes + " B" : scaled((double) bytes, "B");
  }

  /** Bytes of memory, in powers of 1024: {@code 212 MiB}. */
  public static String memory(long bytes) {
    if (bytes >= BINARY_STEP * BINARY_STEP * BINARY_STEP) {
      return threeDigits(bytes / (BINARY_STEP * BINARY_STEP * BINARY_STEP)) + " GiB";
    }
    return threeDigits(bytes / (BINARY_STEP * BINARY_STEP)) + " MiB";
  }

  /** A count in full: {@code 310,282}. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** A large count in short: {@code 25.6 M}. */
  public static String shortCount(long count) {
    return count < 10_000 ? count(count) : scaled((double) count, "").strip();
  }

  /** Milliseconds in the unit that suits them: {@code 87.5 us}. */
  public static String millis(double millis) {
    double magnitude = Math.abs(millis);
    if (magnitude < 1) {
      return threeDigits(millis * 1000) + " us";
    }
    return magnitude < 1000 ? threeDigits(millis) + " ms" : seconds(millis / 1000);
  }

  /** Seconds in the unit that suits them: {@code 640 ms}, {@code 1.93 s}, {@code 2 min 5 s}. */
  public static String seconds(double seconds) {
    if (seconds < 0.9995) {
      return Math.round(seconds * 1000) + " ms";
    }
    if (seconds < 59.95) {
      return threeDigits(seconds) + " s";
    }
    long whole = Math.round(seconds);
    return whole < 3600
        ? whole / 60 + " min " + whole % 60 + " s"
        : whole / 3600 + " h " + whole % 3600 / 60 + " min";
  }

  /** Joules in the unit that suits them: {@code 1.24 mJ}, {@code 15.0 uJ}. */
  public static String joules(double joules) {
    return small(joules, "J");
  }

  /** Grams in the unit that suits them: {@code 0.31 ug}. */
  public static String grams(double grams) {
    return small(grams, "g");
  }

  private static String small(double value, String unit) {
    double scaled = value;
    int step = 0;
    while (scaled != 0 && Math.abs(scaled) < 0.9995 && step < SMALL.length - 1) {
      scaled *= 1000;
      step++;
    }
    return step == 0 && Math.abs(value) >= 999.5
        ? scaled(value, unit)
        : threeDigits(scaled) + " " + SMALL[step] + unit;
  }

  /** A fraction as per cent: {@code 97.8%}. */
  public static String percent(double fraction, int decimals) {
    return fixed(fraction * 100, decimals) + "%";
  }

  /** A number with a fixed count of decimals. */
  public static String fixed(double value, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /** A number to three significant digits, in full where it has more before the point. */
  public static String threeDigits(double value) {
    double magnitude = Math.abs(value);
    if (!(magnitude < Double.POSITIVE_INFINITY)) {
      return Double.toString(value);
    }
    if (magnitude >= 99.95) {
      return fixed(value, 0);
    }
    return magnitude >= 9.995 ? fixed(value, 1) : fixed(value, 2);
  }

  private static String scaled(double value, String unit) {
    int step = 0;
    double scaled = value;
    while (scaled >= 999.5 && step < DECIMAL.length - 1) {
      scaled /= 1000;
      step++;
    }
    return threeDigits(scaled) + " " + DECIMAL[step] + unit;
  }
}
