package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.compress.error.InvalidDataException;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.train.Objective;
import dev.compress.train.Objective.Teaching;
import dev.compress.train.Task;
import dev.compress.train.TeacherSignal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The loss of an objective: {@code (1 - alpha) hard + alpha soft + hints}, each soft loss the mean
 * over the outputs that a teacher shows.
 */
public final class Criterion implements AutoCloseable {
  /**
   * What is to be learned of which values.
   *
   * @param objective the settings
   * @param scored the value of the student's first output that labels are compared with
   */
  public record Aim(Objective objective, String scored) {
    /** The values of the student's graph that a loss needs. */
    public List<String> values() {
      Set<String> values = new LinkedHashSet<>();
      values.add(scored);
      objective
          .teaching()
          .ifPresent(t -> t.training().signals().forEach(s -> values.add(s.studentValue())));
      return List.copyOf(values);
    }
  }

  private record Part(LossTerm term, double weight) {}

  private final List<Part> parts;
  private final List<NDArray> projections;

  private Criterion(List<Part> parts, List<NDArray> projections) {
    this.parts = parts;
    this.projections = projections;
  }

  /**
   * The loss of an aim.
   *
   * @param first values of a first batch, by which it is seen whether teacher and student fit
   * @param manager owns what is learned besides the student
   * @param seed of that
   * @throws InvalidDataException if they do not
   */
  public static Criterion of(Aim aim, StepValues first, NDManager manager, long seed) {
    Objective objective = aim.objective();
    List<Part> parts = new ArrayList<>();
    List<NDArray> projections = new ArrayList<>();
    double alpha = objective.teaching().map(Teaching::alpha).orElse(0.0);
    if (objective.labels() && alpha < 1) {
      LossTerm hard =
          objective.task() == Task.CLASSIFICATION
              ? new CrossEntropy(aim.scored(), objective.classWeights())
              : new SquaredError(aim.scored());
      parts.add(new Part(hard, 1 - alpha));
    }
    if (objective.teaching().isPresent()) {
      Teaching teaching = objective.teaching().get();
      double soft = objective.labels() ? alpha : 1;
      addSignals(objective, teaching, soft, first, manager, seed, parts, projections);
    }
    Criterion criterion = new Criterion(parts, projections);
    criterion.loss(first); // says what does not fit
    return criterion;
  }

  private static void addSignals(
      Objective objective,
      Teaching teaching,
      double soft,
      StepValues first,
      NDManager manager,
      long seed,
      List<Part> parts,
      List<NDArray> projections) {
    List<TeacherSignal> signals = teaching.training().signals();
    long outputs = signals.stream().filter(s -> s.kind() == TeacherSignal.Kind.OUTPUT).count();
    for (int i = 0; i < signals.size(); i++) {
      TeacherSignal signal = signals.get(i);
      Shape student = first.student(signal.studentValue()).getShape();
      Shape teacher = first.teacher().get(i).getShape();
      switch (signal.kind()) {
        case OUTPUT -> {
          requireSame(signal, student, teacher);
          LossTerm term =
              objective.task() == Task.CLASSIFICATION
                  ? new SoftTargets(signal.studentValue(), i, teaching.temperature())
                  : new TeacherError(signal.studentValue(), i);
          if (soft > 0) {
            parts.add(new Part(term, soft / outputs));
          }
        }
        case HINT -> {
          FeatureHint hint = new FeatureHint(signal, i, student, teacher, manager, seed);
          projections.add(hint.projection());
          parts.add(new Part(hint, 1));
        }
        case ATTENTION -> parts.add(new Part(new AttentionTransfer(signal, i), 1));
      }
    }
  }

  private static void requireSame(TeacherSignal signal, Shape student, Shape teacher) {
    if (student.size() != teacher.size() || Rows.classes(student) != Rows.classes(teacher)) {
      throw new InvalidDataException(
          "Teacher and student do not fit: '"
              + signal.teacherValue()
              + "' of the teacher is "
              + teacher
              + ", '"
              + signal.studentValue()
              + "' of the student "
              + student
              + ". Choose a student with outputs of the same shape.");
    }
  }

  /** What is learned besides the student. */
  public List<NDArray> projections() {
    return List.copyOf(projections);
  }

  /** The loss of a step: a scalar. */
  public NDArray loss(StepValues values) {
    NDArray sum = null;
    for (Part part : parts) {
      NDArray weighted = Scalars.times(part.term().of(values), part.weight());
      sum = sum == null ? weighted : sum.add(weighted);
    }
    if (sum == null) {
      throw new InvalidDataException(
          "Nothing is to be learned: the teacher has no weight (--alpha 0) and there are no"
              + " labels.");
    }
    return sum;
  }

  @Override
  public void close() {
    projections.forEach(NDArray::close);
  }
}
