package dev.compress.train;

import dev.compress.graph.OnnxModel;
import dev.compress.tensor.TensorBuffer;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A teacher that is asked about each batch as the student sees it: of a changed image its answer is
 * another one than of the image as it was (Beyer et al., arXiv 2106.05237).
 */
public final class LiveTeacher implements Teacher {
  private final TeacherModel model;
  private final List<TeacherSignal> signals;

  /**
   * Opens a teacher.
   *
   * @param teacher its model; its inputs are those of the student, by name or in order
   * @param signals what it is to say
   * @param threads to compute with; 0: all cores
   * @throws dev.compress.error.InvalidDataException if it has no value that a signal names
   */
  public LiveTeacher(OnnxModel teacher, List<TeacherSignal> signals, int threads) {
    this.signals = List.copyOf(signals);
    this.model = TeacherModel.open(teacher, this.signals, threads);
  }

  @Override
  public List<TeacherSignal> signals() {
    return signals;
  }

  @Override
  public List<TensorBuffer> answer(int[] positions, Supplier<Map<String, TensorBuffer>> inputs) {
    return model.answer(model.renamed(inputs.get()), positions.length);
  }

  @Override
  public void close() {
    model.close();
  }
}
