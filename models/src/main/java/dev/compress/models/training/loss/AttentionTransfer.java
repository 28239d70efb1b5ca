package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.train.TeacherSignal;

/**
 * Attention transfer (arXiv 1612.03928): {@code beta mean (q_s / |q_s| - q_t / |q_t|)^2} of the
 * maps {@code q = sum_c a_c^2}, with the paper's beta of 1000.
 *
 * @param signal whose teacher's answer is the map without the channels
 * @param index which of the teacher's answers
 */
record AttentionTransfer(TeacherSignal signal, int index) implements LossTerm {
  private static final double BETA = 1000;
  private static final float EPSILON = 1e-12f;

  @Override
  public NDArray of(StepValues values) {
    NDArray features = values.student(signal.studentValue());
    NDArray teacher = values.teacher().get(index);
    if (features.getShape().dimension() != teacher.getShape().dimension() + 1) {
      throw FeatureMaps.misfit(signal, teacher.getShape(), features.getShape());
    }
    NDArray student = withChannel(features.square().sum(new int[] {1}));
    teacher = withChannel(teacher);
    if (FeatureMaps.isWider(student.getShape(), teacher.getShape())) {
      student = FeatureMaps.pooledTo(student, teacher.getShape(), signal);
    } else {
      teacher = FeatureMaps.pooledTo(teacher, student.getShape(), signal);
    }
    return Scalars.times(normalized(student).sub(normalized(teacher)).square().mean(), BETA);
  }

  private static NDArray withChannel(NDArray map) {
    Shape shape = map.getShape();
    long[] dims = new long[shape.dimension() + 1];
    dims[0] = shape.get(0);
    dims[1] = 1;
    System.arraycopy(shape.getShape(), 1, dims, 2, dims.length - 2);
    return map.reshape(new Shape(dims));
  }

  private static NDArray normalized(NDArray map) {
    NDArray flat = map.reshape(map.getShape().get(0), -1);
    NDArray norm = flat.square().sum(new int[] {1}, true).add(EPSILON).sqrt();
    return flat.div(norm);
  }
}
