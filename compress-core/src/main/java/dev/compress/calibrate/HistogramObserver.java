package dev.compress.calibrate;

import java.util.Arrays;
import java.util.Objects;

/**
 * Counts the values of a tensor in bins of floating-point numbers, in one pass and without knowing
 * the range beforehand.
 *
 * <p>Every power of two of either sign (an <em>octave</em>, {@code [2^e, 2^(e+1))}) that holds a
 * value owns a page of equal bins. The outermost occupied octave has 2048, the next 1024, then 512,
 * then 256 each: bins of equal width over the upper seven eighths of the range, as in an ordinary
 * histogram of 4096 bins a side, and ever finer ones towards zero. When values beyond the present
 * range appear, a new octave becomes the outermost and the pages below merge neighbouring bins. A
 * lone outlier, be it -3.4e38, so costs one halving and not the resolution of everything else.
 *
 * <p>How fine a page is depends only on how many octaves above it are occupied, and merging is
 * exact; therefore the result depends on the set of values alone, not on their order nor on the cut
 * into calls, and observers of several threads can be {@linkplain #merge merged} with the same
 * result. Memory is at most 100 kB a tensor.
 */
public final class HistogramObserver implements ValueObserver {
  private static final int OCTAVES = 512;
  private static final int MANTISSA_BITS = 23;
  private static final int MANTISSA_MASK = (1 << MANTISSA_BITS) - 1;
  private static final int NON_FINITE = 255;

  /** Values that no page takes yet: octaves not opened, NaN and infinities. Empty between calls. */
  private static final int UNPLACED_BIN = 0;

  /** Zeros of both signs and subnormals, which no quantization can tell from zero. */
  private static final int ZERO_BIN = 1;

  private static final int FIRST_PAGE = 2;

  private final MinMaxObserver extremes = new MinMaxObserver();

  /** Bits of resolution of each octave's page; -1 while the octave is empty. */
  private final int[] pageBits = new int[OCTAVES];

  private final int[] pageStart = new int[OCTAVES];

  /**
   * By sign and exponent: the page's start times 32 plus the shift that turns a mantissa into a
   * place in the page. One look-up instead of two; Java's shift takes the low five bits by itself.
   */
  private final int[] places = new int[OCTAVES];

  private long[] counts = new long[FIRST_PAGE];

  /** An observer that saw nothing yet. */
  public HistogramObserver() {
    Arrays.fill(pageBits, -1);
    layOut();
  }

  @Override
  public void observe(float[] values, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, values.length);
    for (int at = offset, end = offset + length; at < end; at += MinMaxObserver.CHUNK) {
      int to = Math.min(at + MinMaxObserver.CHUNK, end);
      extremes.observeChunk(values, at, to);
      count(values, at, to, places, counts);
      if (counts[UNPLACED_BIN] != 0) {
        placeRest(values, at, to);
      }
    }
  }

  private static void count(float[] values, int from, int to, int[] places, long[] counts) {
    for (int i = from; i < to; i++) {
      int bits = Float.floatToRawIntBits(values[i]);
      int place = places[bits >>> MANTISSA_BITS];
      counts[(place >>> 5) + ((bits & MANTISSA_MASK) >>> place)]++;
    }
  }

  /** Opens the octaves that were missing and counts the values that fell outside. */
  private void placeRest(float[] values, int from, int to) {
    counts[UNPLACED_BIN] = 0;
    boolean[] missing = new boolean[OCTAVES];
    boolean any = false;
    for (int i = from; i < to; i++) {
      int octave = Float.floatToRawIntBits(values[i]) >>> MANTISSA_BITS;
      if (isUnplaced(octave)) {
        missing[octave] = true;
        any = true;
      }
    }
    if (!any) {
      return; // only NaN and infinities, which the extremes have counted
    }
    open(missing);
    for (int i = from; i < to; i++) {
      int bits = Float.floatToRawIntBits(values[i]);
      int octave = bits >>> MANTISSA_BITS;
      if (missing[octave]) {
        counts[pageStart[octave] + ((bits & MANTISSA_MASK) >>> places[octave])]++;
      }
    }
  }

  private boolean isUnplaced(int octave) {
    return pageBits[octave] < 0 && (octave & 255) != 0 && (octave & 255) != NON_FINITE;
  }

  private void open(boolean[] added) {
    int[] oldBits = pageBits.clone();
    int[] oldStart = pageStart.clone();
    long[] oldCounts = counts;
    for (int octave = 0; octave < OCTAVES; octave++) {
      if (added[octave]) {
        pageBits[octave] = 0;
      }
    }
    layOut();
    counts[ZERO_BIN] += oldCounts[ZERO_BIN];
    for (int octave = 0; octave < OCTAVES; octave++) {
      addPage(octave, oldBits[octave], oldStart[octave], oldCounts);
    }
  }

  /** Adds a page that is as fine as ours or finer. */
  private void addPage(int octave, int bits, int start, long[] from) {
    if (bits >= 0) {
      int merged = bits - pageBits[octave];
      for (int i = 0; i < 1 << bits; i++) {
        counts[pageStart[octave] + (i >>> merged)] += from[start + i];
      }
    }
  }

  /** Sets the resolution of all occupied octaves, gives each its page, and empties all counts. */
  private void layOut() {
    int next = FIRST_PAGE;
    for (int sign = 0; sign < OCTAVES; sign += 256) {
      int above = 0;
      for (int octave = sign + NON_FINITE; octave >= sign; octave--) {
        boolean occupied = pageBits[octave] >= 0;
        if (occupied) {
          pageBits[octave] = resolutionBits(above++);
          pageStart[octave] = next;
          places[octave] = next << 5 | (MANTISSA_BITS - pageBits[octave]);
          next += 1 << pageBits[octave];
        } else {
          int bin = octave == sign ? ZERO_BIN : UNPLACED_BIN;
          places[octave] = bin << 5 | MANTISSA_BITS;
        }
      }
    }
    counts = new long[next];
  }

  /** Must not grow with {@code above}: that is what makes the result independent of the order. */
  private static int resolutionBits(int above) {
    return above < 8 ? Math.max(11 - above, 8) : above < 14 ? 4 : 0;
  }

  /** Takes in what another observer saw. */
  public void merge(HistogramObserver other) {
    extremes.merge(other.extremes);
    boolean[] added = new boolean[OCTAVES];
    for (int octave = 0; octave < OCTAVES; octave++) {
      added[octave] = pageBits[octave] < 0 && other.pageBits[octave] >= 0;
    }
    open(added);
    counts[ZERO_BIN] += other.counts[ZERO_BIN];
    for (int octave = 0; octave < OCTAVES; octave++) {
      addPage(octave, other.pageBits[octave], other.pageStart[octave], other.counts);
    }
  }

  @Override
  public ValueSummary summary() {
    return extremes.summary();
  }

  /** What was counted so far, as a value of its own. */
  public Histogram histogram() {
    HistogramBuilder bins = new HistogramBuilder(summary());
    for (int octave = 256 + NON_FINITE; octave >= 256; octave--) {
      for (int i = (1 << Math.max(pageBits[octave], 0)) - 1; i >= 0 && pageBits[octave] >= 0; i--) {
        double inner = edge(octave & 255, pageBits[octave], i);
        double outer = edge(octave & 255, pageBits[octave], i + 1);
        bins.add(-outer, -inner, counts[pageStart[octave] + i]);
      }
    }
    bins.add(0.0, 0.0, counts[ZERO_BIN]);
    for (int octave = 0; octave < 256; octave++) {
      for (int i = 0; i < 1 << Math.max(pageBits[octave], 0) && pageBits[octave] >= 0; i++) {
        double inner = edge(octave, pageBits[octave], i);
        double outer = edge(octave, pageBits[octave], i + 1);
        bins.add(inner, outer, counts[pageStart[octave] + i]);
      }
    }
    return bins.build();
  }

  private static double edge(int exponent, int bits, int bin) {
    return Math.scalb(1.0 + bin / (double) (1 << bits), exponent - 127);
  }
}
