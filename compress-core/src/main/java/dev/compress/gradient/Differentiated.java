package dev.compress.gradient;

/**
 * What gradients were taken of.
 *
 * @param samples how many
 * @param loss in words, such as "the cross-entropy of the labels"
 */
public record Differentiated(long samples, String loss) {
  /** A sentence for a report. */
  public String note() {
    return "What matters was told by gradients of "
        + loss
        + " on "
        + samples
        + (samples == 1 ? " sample." : " samples.");
  }
}
