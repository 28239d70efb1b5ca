package dev.compress.models.training.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Graph;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.models.random.SplitMix64;
import dev.compress.train.Head;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The loss of a single sample whose gradient tells what a weight matters, a sum over the outputs.
 * The first output's, where there are labels: {@code -log softmax(z)_y} or the mean of {@code (y -
 * target)^2}. Of all others, as far as they are probabilities, {@code -log p(y)} with y drawn from
 * p itself: the mean over y of its squared derivatives is the Fisher information, where the
 * derivative towards the model's own p is zero. Of the rest {@code sum_i s_i y_i} with random signs
 * s: the mean over s of its squared derivatives is {@code sum_i (dy_i/dw)^2}. It is divided by the
 * output's root mean square in the first sample, so that several outputs count alike.
 */
public final class SampleLoss {
  private final List<Head> heads = new ArrayList<>();
  private final double[] scales;
  private final long seed;
  private final Set<String> words = new LinkedHashSet<>();

  /**
   * A sample.
   *
   * @param number counted from 0
   * @param row its place in the batch that is run
   * @param batch how many are run
   * @param label its class; negative: none
   * @param targets its values; empty: none
   */
  public record Sample(long number, int row, long batch, long label, List<Float> targets) {
    /** Copies. */
    public Sample {
      targets = List.copyOf(targets);
    }
  }

  /**
   * A loss.
   *
   * @param graph whose outputs count
   * @param seed of what is drawn
   */
  public SampleLoss(Graph graph, long seed) {
    graph.outputs().forEach(output -> heads.add(Head.of(graph, output.name())));
    this.scales = new double[heads.size()];
    this.seed = seed;
  }

  /** The values that are needed beside the outputs. */
  public List<String> taps() {
    return heads.stream().map(Head::value).toList();
  }

  /** What was summed so far. */
  public String inWords() {
    return String.join(", and ", words);
  }

  /**
   * The loss of a sample, a scalar.
   *
   * @param values of a forward pass: the outputs, then the taps
   * @param sample which one
   * @param scope owns what is made
   * @throws UnsupportedModelException if no output holds floats
   * @throws InvalidDataException if a label does not fit, or the loss is no number
   */
  public NDArray of(NDList values, Sample sample, NDManager scope) {
    NDArray sum = null;
    for (int i = 0; i < heads.size(); i++) {
      NDArray output = row(values.get(i), sample);
      NDArray tap = row(values.get(heads.size() + i), sample);
      if (tap.getDataType().isFloating()) {
        NDArray term = term(i, output, tap.toType(DataType.FLOAT32, false), sample, scope);
        sum = sum == null ? term : sum.add(term);
      }
    }
    if (sum == null) {
      throw new UnsupportedModelException(
          "No output of the model holds floats, so that there is nothing to take gradients of. Use"
              + " another --prune-criterion.");
    }
    if (!Double.isFinite(sum.getFloat())) {
      throw new InvalidDataException(
          "The loss of sample "
              + sample.number()
              + " is no number: the model's output or the label is NaN or infinite there. Leave the"
              + " sample out, or use another --prune-criterion.");
    }
    return sum;
  }

  private static NDArray row(NDArray values, Sample sample) {
    boolean several = sample.batch() > 1 && values.getShape().dimension() > 0;
    return several && values.getShape().get(0) == sample.batch()
        ? values.get(sample.row() + ":" + (sample.row() + 1))
        : values;
  }

  private NDArray term(int index, NDArray output, NDArray tap, Sample sample, NDManager scope) {
    Head head = heads.get(index);
    if (index == 0 && !sample.targets().isEmpty()) {
      words.add("the squared error of the labelled values");
      return squaredError(output, sample, scope);
    }
    if (index == 0 && sample.label() >= 0) {
      NDArray scores = Rows.of(tap);
      if (scores.getShape().get(0) == 1) {
        words.add("the cross-entropy of the labels");
        requireLabel(head, scores, sample);
        return crossEntropy(scores, new int[] {(int) sample.label()}, scope);
      }
    }
    SplitMix64 random = SplitMix64.stream(seed, index, sample.number());
    if (head.form() == Head.Form.SCORES) {
      words.add("the outputs in random directions");
      return projected(index, tap, random, scope);
    }
    words.add("the cross-entropy of classes drawn from the model's own probabilities");
    NDArray scores = head.form() == Head.Form.SIGMOID ? pairs(tap) : Rows.of(tap);
    return crossEntropy(scores, drawn(scores, random), scope);
  }

  private static void requireLabel(Head head, NDArray scores, Sample sample) {
    if (sample.label() >= scores.getShape().get(1)) {
      throw new InvalidDataException(
          "The label of sample "
              + sample.number()
              + " is "
              + sample.label()
              + ", and the model's output '"
              + head.output()
              + "' has "
              + scores.getShape().get(1)
              + " classes. Give the data that belongs to the model.");
    }
  }

  /** Every score against 0. */
  private static NDArray pairs(NDArray scores) {
    NDArray column = scores.reshape(-1, 1);
    return NDArrays.concat(new NDList(column.zerosLike(), column), 1);
  }

  private static int[] drawn(NDArray scores, SplitMix64 random) {
    int classes = (int) scores.getShape().get(1);
    float[] all = scores.toFloatArray();
    int[] drawn = new int[all.length / classes];
    for (int row = 0; row < drawn.length; row++) {
      double most = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        most = Math.max(most, all[row * classes + c]);
      }
      double total = 0;
      for (int c = 0; c < classes; c++) {
        total += Math.exp(all[row * classes + c] - most);
      }
      double left = random.nextDouble() * total;
      int chosen = -1;
      while (left >= 0 && chosen < classes - 1) {
        chosen++;
        left -= Math.exp(all[row * classes + chosen] - most);
      }
      drawn[row] = Math.max(0, chosen);
    }
    return drawn;
  }

  private static NDArray crossEntropy(NDArray scores, int[] labels, NDManager scope) {
    int classes = (int) scores.getShape().get(1);
    float[] wanted = new float[labels.length * classes];
    for (int row = 0; row < labels.length; row++) {
      wanted[row * classes + labels[row]] = 1;
    }
    NDArray target = Scalars.owned(scope.create(wanted, new Shape(labels.length, classes)));
    return scores.logSoftmax(1).mul(target).sum().neg();
  }

  private static NDArray squaredError(NDArray output, Sample sample, NDManager scope) {
    List<Float> targets = sample.targets();
    if (output.size() != targets.size()) {
      throw new InvalidDataException(
          "The model's output "
              + output.getShape()
              + " holds "
              + output.size()
              + " values a sample, and the data has "
              + targets.size()
              + " to compare them with. Give as many.");
    }
    float[] wanted = new float[targets.size()];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = targets.get(i);
    }
    NDArray target = Scalars.owned(scope.create(wanted, output.getShape()));
    return output.sub(target).square().mean();
  }

  private NDArray projected(int index, NDArray values, SplitMix64 random, NDManager scope) {
    if (scales[index] == 0) {
      double squares = 0;
      float[] first = values.toFloatArray();
      for (float value : first) {
        squares += (double) value * value;
      }
      scales[index] = squares > 0 ? 1 / Math.sqrt(squares / first.length) : 1;
    }
    float[] signs = new float[Math.toIntExact(values.size())];
    for (int i = 0; i < signs.length; i++) {
      signs[i] = (float) (random.nextLong() < 0 ? -scales[index] : scales[index]);
    }
    return values.mul(Scalars.owned(scope.create(signs, values.getShape()))).sum();
  }
}
