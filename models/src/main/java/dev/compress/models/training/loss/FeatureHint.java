package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.compress.error.InvalidDataException;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.models.random.SplitMix64;
import dev.compress.train.TeacherSignal;

/**
 * FitNets' hint (arXiv 1412.6550): {@code mean (W s - t)^2 / mean t^2}, where W, learned with the
 * student, maps its channels to the teacher's at each place.
 */
final class FeatureHint implements LossTerm {
  private static final float EPSILON = 1e-12f;

  private final TeacherSignal signal;
  private final int index;
  private final boolean channelsLast;
  private final NDArray projection;

  /**
   * A hint.
   *
   * @param index which of the teacher's answers
   * @param student the shape of its features
   * @param teacher the shape of the teacher's
   * @param manager owns the projection
   * @param seed of its first value
   */
  FeatureHint(
      TeacherSignal signal, int index, Shape student, Shape teacher, NDManager manager, long seed) {
    this.signal = signal;
    this.index = index;
    int rank = student.dimension();
    if (rank < 2 || rank != teacher.dimension()) {
      throw FeatureMaps.misfit(signal, teacher, student);
    }
    // [samples, steps, features], unless only the channels before the steps can differ
    channelsLast =
        rank == 3 && !(student.get(2) == teacher.get(2) && student.get(1) != teacher.get(1));
    int dim = channelsLast ? 2 : 1;
    int from = Math.toIntExact(student.get(dim));
    int to = Math.toIntExact(teacher.get(dim));
    if (channelsLast && student.get(1) != teacher.get(1)) {
      throw FeatureMaps.misfit(signal, teacher, student);
    }
    float[] start = new float[from * to];
    SplitMix64 random = SplitMix64.stream(seed, index);
    double deviation = Math.sqrt(2.0 / (from + to));
    for (int i = 0; i < start.length; i++) {
      start[i] = (float) (deviation * random.nextGaussian());
    }
    projection = Scalars.owned(manager.create(start, new Shape(to, from)));
    projection.setRequiresGradient(true);
  }

  NDArray projection() {
    return projection;
  }

  @Override
  public NDArray of(StepValues values) {
    NDArray student = values.student(signal.studentValue());
    NDArray teacher = values.teacher().get(index);
    if (channelsLast) {
      student = student.transpose(0, 2, 1);
      teacher = teacher.transpose(0, 2, 1);
    } else if (FeatureMaps.isWider(student.getShape(), teacher.getShape())) {
      student = FeatureMaps.pooledTo(student, teacher.getShape(), signal);
    } else {
      teacher = FeatureMaps.pooledTo(teacher, student.getShape(), signal);
    }
    Shape own = student.getShape();
    Shape its = teacher.getShape();
    if (own.get(0) != its.get(0)) {
      throw new InvalidDataException(
          "'" + signal.studentValue() + "' has no row for each sample. Name another value.");
    }
    NDArray mapped = projection.matMul(student.reshape(own.get(0), own.get(1), -1));
    mapped.attach(values.scope()); // else it would belong to the projection's owner, and stay
    NDArray wanted = teacher.reshape(its.get(0), its.get(1), -1);
    return mapped.sub(wanted).square().mean().div(wanted.square().mean().add(EPSILON));
  }
}
