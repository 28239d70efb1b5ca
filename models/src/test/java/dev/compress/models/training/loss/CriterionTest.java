package dev.compress.models.training.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.compress.error.InvalidDataException;
import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.Objective;
import dev.compress.train.Objective.Teaching;
import dev.compress.train.Task;
import dev.compress.train.Teacher;
import dev.compress.train.TeacherSignal;
import dev.compress.train.TeacherSignal.Kind;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every loss against its formula, summed in double. */
class CriterionTest {
  private static NDManager manager;

  @BeforeAll
  static void open() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "the build carries the training natives of Linux x64 only");
    System.setProperty("ai.djl.offline", "true");
    manager = Engine.getEngine("PyTorch").newBaseManager();
  }

  @AfterAll
  static void close() {
    if (manager != null) {
      manager.close();
    }
  }

  private record Silent(List<TeacherSignal> signals) implements Teacher {
    @Override
    public List<TensorBuffer> answer(int[] positions, Supplier<Map<String, TensorBuffer>> inputs) {
      return List.of();
    }

    @Override
    public void close() {}
  }

  private static float[] random(int count, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (2 * random.nextGaussian());
    }
    return values;
  }

  private static NDArray array(float[] values, long... dims) {
    return manager.create(values, new Shape(dims));
  }

  private static double loss(Objective objective, StepValues values) {
    Criterion.Aim aim = new Criterion.Aim(objective, "y");
    try (Criterion criterion = Criterion.of(aim, values, manager, 1)) {
      return criterion.loss(values).getFloat();
    }
  }

  private static Objective objective(
      Task task, double temperature, double alpha, boolean labels, TeacherSignal... signals) {
    Teaching teaching =
        new Teaching(new Silent(List.of(signals)), Optional.empty(), temperature, alpha);
    return new Objective(task, Optional.of(teaching), labels, List.of());
  }

  private static TeacherSignal output() {
    return new TeacherSignal(Kind.OUTPUT, "t", "y");
  }

  private static StepValues values(NDArray student, List<NDArray> teacher, long... labels) {
    return new StepValues(Map.of("y", student), teacher, labels, new float[0], manager);
  }

  private static double[] softmax(float[] scores, int row, int classes, double temperature) {
    double[] p = new double[classes];
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      p[c] = Math.exp(scores[row * classes + c] / temperature);
      sum += p[c];
    }
    for (int c = 0; c < classes; c++) {
      p[c] /= sum;
    }
    return p;
  }

  @Test
  void crossEntropyWithClassWeights() {
    float[] scores = random(12, 1);
    long[] labels = {2, 0, 1, 2};
    List<Double> weights = List.of(1.0, 2.0, 0.5);
    double sum = 0;
    double all = 0;
    for (int row = 0; row < 4; row++) {
      double w = weights.get((int) labels[row]);
      sum -= w * Math.log(softmax(scores, row, 3, 1)[(int) labels[row]]);
      all += w;
    }
    Objective objective = new Objective(Task.CLASSIFICATION, Optional.empty(), true, weights);
    assertThat(loss(objective, values(array(scores, 4, 3), List.of(), labels)))
        .isCloseTo(sum / all, within(1e-5));
    // trailing dims of 1, as a convolution at the end leaves
    assertThat(loss(objective, values(array(scores, 4, 3, 1, 1), List.of(), labels)))
        .isCloseTo(sum / all, within(1e-5));
  }

  @Test
  void aSingleScoreIsThatOfClassOne() {
    float[] z = {0.3f, -2, 4};
    double sum = 0;
    long[] labels = {1, 1, 0};
    for (int i = 0; i < 3; i++) {
      double p = 1 / (1 + Math.exp(-z[i]));
      sum -= Math.log(labels[i] == 1 ? p : 1 - p);
    }
    assertThat(loss(Objective.of(Task.CLASSIFICATION), values(array(z, 3, 1), List.of(), labels)))
        .isCloseTo(sum / 3, within(1e-5));
  }

  /** arXiv 1503.02531: alpha T^2 KL + (1 - alpha) CE. */
  @Test
  void hintonsLoss() {
    float[] student = random(12, 2);
    float[] teacher = random(12, 3);
    long[] labels = {0, 1, 2, 1};
    double kl = 0;
    double ce = 0;
    for (int row = 0; row < 4; row++) {
      double[] p = softmax(teacher, row, 3, 3);
      double[] q = softmax(student, row, 3, 3);
      for (int c = 0; c < 3; c++) {
        kl += p[c] * Math.log(p[c] / q[c]) / 4;
      }
      ce -= Math.log(softmax(student, row, 3, 1)[(int) labels[row]]) / 4;
    }
    StepValues values = values(array(student, 4, 3), List.of(array(teacher, 4, 3)), labels);
    assertThat(loss(objective(Task.CLASSIFICATION, 3, 0.7, true, output()), values))
        .isCloseTo(0.7 * 9 * kl + 0.3 * ce, within(1e-4));
    assertThat(loss(objective(Task.CLASSIFICATION, 3, 0.7, false, output()), values))
        .as("without labels the teacher alone counts")
        .isCloseTo(9 * kl, within(1e-4));
  }

  @Test
  void regressionIsSquaredErrors() {
    float[] y = random(6, 4);
    float[] t = random(6, 5);
    float[] targets = random(6, 6);
    double hard = 0;
    double soft = 0;
    for (int i = 0; i < 6; i++) {
      hard += Math.pow(y[i] - targets[i], 2) / 6;
      soft += Math.pow(y[i] - t[i], 2) / 6;
    }
    StepValues values =
        new StepValues(
            Map.of("y", array(y, 3, 2)), List.of(array(t, 3, 2)), new long[0], targets, manager);
    assertThat(loss(objective(Task.REGRESSION, 1, 0.25, true, output()), values))
        .isCloseTo(0.25 * soft + 0.75 * hard, within(1e-4));
  }

  /** arXiv 1612.03928: 1000 times the mean square of normalized maps' difference. */
  @Test
  void attentionTransfer() {
    float[] features = random(2 * 3 * 4, 7);
    float[] map = random(2 * 4, 8);
    double sum = 0;
    for (int n = 0; n < 2; n++) {
      double[] q = new double[4];
      double own = 0;
      double its = 0;
      for (int p = 0; p < 4; p++) {
        for (int c = 0; c < 3; c++) {
          q[p] += Math.pow(features[(n * 3 + c) * 4 + p], 2);
        }
        own += q[p] * q[p];
        its += map[n * 4 + p] * map[n * 4 + p];
      }
      for (int p = 0; p < 4; p++) {
        sum += Math.pow(q[p] / Math.sqrt(own) - map[n * 4 + p] / Math.sqrt(its), 2);
      }
    }
    TeacherSignal signal = new TeacherSignal(Kind.ATTENTION, "t", "y");
    StepValues values = values(array(features, 2, 3, 2, 2), List.of(array(map, 2, 2, 2)));
    assertThat(loss(objective(Task.CLASSIFICATION, 1, 1, false, signal), values))
        .isCloseTo(1000 * sum / 8, within(1e-2));
  }

  /**
   * A student that is a linear map away from its teacher can be brought there by the projection.
   */
  @Test
  void aHintIsZeroWhereTheProjectionFits() {
    float[] features = random(2 * 3 * 4, 9);
    TeacherSignal signal = new TeacherSignal(Kind.HINT, "t", "y");
    Objective objective = objective(Task.CLASSIFICATION, 1, 1, false, signal);
    float[] w = random(15, 10);
    float[] teacher = new float[2 * 5 * 4];
    for (int n = 0; n < 2; n++) {
      for (int o = 0; o < 5; o++) {
        for (int p = 0; p < 4; p++) {
          double sum = 0;
          for (int c = 0; c < 3; c++) {
            sum += w[o * 3 + c] * features[(n * 3 + c) * 4 + p];
          }
          teacher[(n * 5 + o) * 4 + p] = (float) sum;
        }
      }
    }
    StepValues values = values(array(features, 2, 3, 2, 2), List.of(array(teacher, 2, 5, 2, 2)));
    Criterion.Aim aim = new Criterion.Aim(objective, "y");
    try (Criterion criterion = Criterion.of(aim, values, manager, 1)) {
      assertThat(criterion.projections()).hasSize(1);
      assertThat(criterion.loss(values).getFloat()).isGreaterThan(0.1f);
      criterion.projections().get(0).set(new ai.djl.ndarray.index.NDIndex("..."), array(w, 5, 3));
      assertThat(criterion.loss(values).getFloat()).isCloseTo(0, within(1e-8f));
    }
  }

  /** The wider map is averaged over its windows. */
  @Test
  void hintsOfOtherSizesAreAveraged() {
    TeacherSignal signal = new TeacherSignal(Kind.HINT, "t", "y");
    Objective objective = objective(Task.CLASSIFICATION, 1, 1, false, signal);
    StepValues values =
        values(array(random(16, 1), 1, 1, 4, 4), List.of(array(random(8, 2), 1, 2, 2, 2)));
    assertThat(loss(objective, values)).isPositive();
    StepValues misfit =
        values(array(random(16, 1), 1, 1, 4, 4), List.of(array(random(9, 2), 1, 1, 3, 3)));
    assertThatThrownBy(() -> loss(objective, misfit))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("do not fit");
  }

  @Test
  void aTeacherOfOtherClassesIsRefused() {
    StepValues values =
        values(array(random(12, 2), 4, 3), List.of(array(random(16, 3), 4, 4)), 0, 1, 2, 1);
    assertThatThrownBy(() -> loss(objective(Task.CLASSIFICATION, 1, 0.5, true, output()), values))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("Teacher and student do not fit")
        .hasMessageContaining("(4, 4)")
        .hasMessageContaining("(4, 3)");
  }
}
