package dev.compress.calibrate;

/**
 * What some samples are labelled with.
 *
 * @param samples how many they are
 * @param classes the class of each; empty where there are none
 * @param targets the values of each, sample by sample; empty where there are none
 */
@SuppressWarnings("ArrayRecordComponent") // compared nowhere
public record SampleLabels(int samples, long[] classes, float[] targets) {
  /** Samples without labels. */
  public static SampleLabels none(int samples) {
    return new SampleLabels(samples, new long[0], new float[0]);
  }
}
