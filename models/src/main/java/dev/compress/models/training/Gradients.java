package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.Supplier;

/**
 * Records what is computed, and differentiates it. In place of Deep Java Library's collector, which
 * looks through every array of the process at each step and leaves two behind for each weight.
 */
final class Gradients {
  private Gradients() {}

  /** Does some work and records it. */
  static <T> T recording(Supplier<T> work) {
    return in(true, work);
  }

  /** Does some work without recording it: a thread that did not load the engine would. */
  static <T> T notRecording(Supplier<T> work) {
    return in(false, work);
  }

  /** Whether what is computed now is recorded. */
  static boolean isRecording() {
    return JniUtils.isGradMode();
  }

  private static <T> T in(boolean record, Supplier<T> work) {
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(record);
    try {
      return work.get();
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  /** Adds the derivatives of a loss to the gradients of all that it was computed from. */
  static void backward(NDArray loss, NDManager scope) {
    NDArray one = scope.ones(loss.getShape(), loss.getDataType());
    JniUtils.backward((PtNDArray) loss, (PtNDArray) one, false, false);
  }

  /** The gradient of a weight, owned by the scope: changing it changes the weight's. */
  static NDArray of(NDArray weight, NDManager scope) {
    NDArray gradient = weight.getGradient();
    gradient.attach(scope);
    return gradient;
  }

  /** Forgets a gradient; not a product with 0, by which a NaN would stay. */
  static void clear(NDArray weight) {
    JniUtils.zeroGrad((PtNDArray) weight);
  }
}
