package dev.compress.energy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Watts at instants, and the energy between any two: the trapezoid rule over the samples, with
 * straight lines between them at the window's ends. Safe to fill and to ask from different threads.
 *
 * <p>A gap is remembered: the energy of a window that touches one is unknown, and not the area of a
 * line across it.
 */
public final class PowerTrace {
  /** How long samples are kept, in seconds. */
  public static final double KEPT_SECONDS = 1800;

  private static final double NANOS = 1e9;
  private static final int FIRST_SIZE = 1024;
  private static final int RECENT_CHANGES = 1024;

  private final int domains;
  private long[] nanos = new long[FIRST_SIZE];
  private boolean[] afterGap = new boolean[FIRST_SIZE];
  private double[][] watts;
  private double[][] joules; // since the first sample kept
  private int size;
  private boolean gap;
  private final long[] changeGaps = new long[RECENT_CHANGES];
  private long changes;
  private long lastChangeNanos;

  /**
   * An empty trace.
   *
   * @param domains how many values a sample has
   */
  public PowerTrace(int domains) {
    this.domains = domains;
    this.watts = new double[domains][FIRST_SIZE];
    this.joules = new double[domains][FIRST_SIZE];
  }

  /**
   * Adds a sample; one that is not later than the last is ignored.
   *
   * @param at the instant
   * @param values watts, one a domain
   */
  public synchronized void add(long at, double... values) {
    if (size > 0 && at <= nanos[size - 1]) {
      return;
    }
    makeRoom(at);
    boolean changed = size == 0;
    nanos[size] = at;
    afterGap[size] = gap;
    for (int d = 0; d < domains; d++) {
      watts[d][size] = values[d];
      if (size > 0) {
        double seconds = (at - nanos[size - 1]) / NANOS;
        joules[d][size] = joules[d][size - 1] + 0.5 * (watts[d][size - 1] + values[d]) * seconds;
        changed |= values[d] != watts[d][size - 1];
      } else {
        joules[d][0] = 0;
      }
    }
    gap = false;
    size++;
    if (changed) {
      if (changes++ > 0) {
        changeGaps[(int) ((changes - 2) % RECENT_CHANGES)] = at - lastChangeNanos;
      }
      lastChangeNanos = at;
    }
  }

  /** Notes that a sample is missing: between its neighbours the power is unknown. */
  public synchronized void addGap() {
    gap = true;
  }

  /** The instant of the last sample; {@link Long#MIN_VALUE} if there is none. */
  public synchronized long lastNanos() {
    return size == 0 ? Long.MIN_VALUE : nanos[size - 1];
  }

  /** The instant of the first sample kept; {@link Long#MAX_VALUE} if there is none. */
  public synchronized long firstNanos() {
    return size == 0 ? Long.MAX_VALUE : nanos[0];
  }

  /**
   * The usual time between two changes of the values, in seconds; NaN before the sixth change. It
   * is the median: one pause of the machine does not make a meter slow.
   */
  public synchronized double changePeriodSeconds() {
    return changes < 6
        ? Double.NaN
        : medianSeconds(Arrays.copyOf(changeGaps, (int) Math.min(changes - 1, RECENT_CHANGES)));
  }

  /** The usual time between two samples, in seconds, likewise; NaN before the second. */
  public synchronized double samplePeriodSeconds() {
    if (size < 2) {
      return Double.NaN;
    }
    long[] steps = new long[Math.min(size - 1, RECENT_CHANGES)];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = nanos[size - 1 - i] - nanos[size - 2 - i];
    }
    return medianSeconds(steps);
  }

  private static double medianSeconds(long[] gaps) {
    Arrays.sort(gaps);
    return (gaps[(gaps.length - 1) / 2] + gaps[gaps.length / 2]) / 2.0 / NANOS;
  }

  /** The longest time between two samples that touches a window, in seconds. */
  public synchronized double longestStepSeconds(long start, long end) {
    double longest = 0;
    for (int i = firstAfter(start); i < size && i > 0; i++) {
      longest = Math.max(longest, (nanos[i] - nanos[i - 1]) / NANOS);
      if (nanos[i] >= end) {
        break;
      }
    }
    return longest;
  }

  /**
   * The energy of a window.
   *
   * @param start not before the first sample
   * @param end not after the last
   * @return joules, one a domain; an empty list if samples are missing within it
   */
  public synchronized List<Double> joulesBetween(long start, long end) {
    if (size == 0 || start < nanos[0] || end > nanos[size - 1] || hasGap(start, end)) {
      return List.of();
    }
    List<Double> deltas = new ArrayList<>(domains);
    for (int d = 0; d < domains; d++) {
      deltas.add(joulesAt(d, end) - joulesAt(d, start));
    }
    return deltas;
  }

  private boolean hasGap(long start, long end) {
    for (int i = Math.max(1, firstAfter(start)); i < size; i++) {
      if (afterGap[i]) {
        return true;
      }
      if (nanos[i] >= end) {
        return false;
      }
    }
    return false;
  }

  private double joulesAt(int domain, long at) {
    int after = firstAfter(at);
    if (after == size) {
      return joules[domain][size - 1];
    }
    int before = after - 1;
    double seconds = (at - nanos[before]) / NANOS;
    double share = (double) (at - nanos[before]) / (nanos[after] - nanos[before]);
    double there = watts[domain][before] + share * (watts[domain][after] - watts[domain][before]);
    return joules[domain][before] + 0.5 * (watts[domain][before] + there) * seconds;
  }

  /** The index of the first sample later than an instant. */
  private int firstAfter(long at) {
    int found = Arrays.binarySearch(nanos, 0, size, at);
    return found >= 0 ? found + 1 : -found - 1;
  }

  private void makeRoom(long at) {
    if (size < nanos.length) {
      return;
    }
    int drop = firstAfter(at - (long) (KEPT_SECONDS * NANOS));
    if (drop > size / 2) {
      size -= drop;
      System.arraycopy(nanos, drop, nanos, 0, size);
      System.arraycopy(afterGap, drop, afterGap, 0, size);
      for (int d = 0; d < domains; d++) {
        System.arraycopy(watts[d], drop, watts[d], 0, size);
        System.arraycopy(joules[d], drop, joules[d], 0, size);
      }
      return;
    }
    int larger = nanos.length * 2;
    nanos = Arrays.copyOf(nanos, larger);
    afterGap = Arrays.copyOf(afterGap, larger);
    for (int d = 0; d < domains; d++) {
      watts[d] = Arrays.copyOf(watts[d], larger);
      joules[d] = Arrays.copyOf(joules[d], larger);
    }
  }
}
