package dev.compress.gradient;

/** Takes the gradients of samples, in order. */
public interface SampleGradients {
  /**
   * One weight's gradient of the loss of the current sample.
   *
   * @param weight its name
   * @param gradient in the order of the weight's elements; valid during the call only
   */
  void read(String weight, float[] gradient);

  /** All gradients of the current sample were read. */
  default void sampleOver() {}
}
