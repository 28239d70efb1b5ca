package dev.compress.train;

import dev.compress.tensor.TensorBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What a trained model says of the samples of one dataset. */
public interface Teacher extends AutoCloseable {
  /** What it says of a sample, in order. */
  List<TeacherSignal> signals();

  /**
   * What it says of some samples.
   *
   * @param positions of the samples in the dataset
   * @param inputs the student's inputs for them, as they may have been changed since
   * @return one float tensor a signal; dim 0 counts samples
   */
  List<TensorBuffer> answer(int[] positions, Supplier<Map<String, TensorBuffer>> inputs);

  /** Releases what it holds. Idempotent. */
  @Override
  void close();
}
