package dev.compress.calibrate;

/**
 * How many values an observer saw and how far they reach. Values that are not finite are counted
 * and otherwise left out.
 *
 * @param count all values, finite or not
 * @param nanCount how many are NaN
 * @param positiveInfinityCount how many are +Inf
 * @param negativeInfinityCount how many are -Inf
 * @param min the smallest finite value, 0 if there is none
 * @param max the largest finite value, 0 if there is none
 */
public record ValueSummary(
    long count,
    long nanCount,
    long positiveInfinityCount,
    long negativeInfinityCount,
    float min,
    float max) {
  /** Nothing seen yet. */
  public static final ValueSummary EMPTY = new ValueSummary(0, 0, 0, 0, 0f, 0f);

  /** Checks that the counts fit together. */
  public ValueSummary {
    if (nanCount < 0
        || positiveInfinityCount < 0
        || negativeInfinityCount < 0
        || count < nanCount + positiveInfinityCount + negativeInfinityCount) {
      throw new IllegalArgumentException("Counts do not add up");
    }
    if (!(min <= max) || !Float.isFinite(min) || !Float.isFinite(max)) {
      throw new IllegalArgumentException("Not finite and ordered: [" + min + ", " + max + "]");
    }
  }

  /** How many values are NaN or infinite. */
  public long nonFiniteCount() {
    return nanCount + positiveInfinityCount + negativeInfinityCount;
  }

  /** How many values are finite. */
  public long finiteCount() {
    return count - nonFiniteCount();
  }

  /** From the smallest to the largest finite value, widened to contain zero. */
  public ValueRange range() {
    return ValueRange.covering(min, max);
  }

  /** Both sets of values together. */
  public ValueSummary plus(ValueSummary other) {
    boolean mine = finiteCount() > 0;
    boolean theirs = other.finiteCount() > 0;
    float smallest = mine && theirs ? Math.min(min, other.min) : mine ? min : other.min;
    float largest = mine && theirs ? Math.max(max, other.max) : mine ? max : other.max;
    return new ValueSummary(
        count + other.count,
        nanCount + other.nanCount,
        positiveInfinityCount + other.positiveInfinityCount,
        negativeInfinityCount + other.negativeInfinityCount,
        smallest,
        largest);
  }
}
