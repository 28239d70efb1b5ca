package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.compress.train.OptimizerSettings;
import java.util.ArrayList;
import java.util.List;

/** Makes a step of gradients, in place. */
abstract class WeightUpdate implements AutoCloseable {
  private final double decay;
  private final List<NDArray> memory = new ArrayList<>();

  private WeightUpdate(double decay) {
    this.decay = decay;
  }

  /**
   * The rule of some settings.
   *
   * @param weights what will be changed, in order
   * @param manager owns what the rule remembers
   */
  static WeightUpdate of(OptimizerSettings settings, List<Weight> weights, NDManager manager) {
    return switch (settings.kind()) {
      case SGD -> new Sgd(settings, weights, manager);
      case ADAMW -> new AdamW(settings, weights, manager);
    };
  }

  /** What it remembers, in order: part of a checkpoint. */
  final List<NDArray> memory() {
    return memory;
  }

  final NDArray remember(NDArray weight, NDManager manager) {
    NDArray zeros = manager.zeros(weight.getShape());
    memory.add(zeros);
    return zeros;
  }

  /**
   * Changes one weight.
   *
   * @param index of it in the order of creation
   * @param gradient its own; changed
   * @param rate the learning rate
   * @param step counted from 1
   */
  final void apply(int index, Weight weight, NDArray gradient, double rate, long step) {
    if (decay > 0 && weight.decays()) {
      weight.array().muli((float) (1 - rate * decay));
    }
    try (NDArray move = move(index, gradient, rate, step)) {
      if (weight.isStep()) {
        bound(move, weight.array());
      }
      weight.array().subi(move);
    }
  }

  /** A step of quantization stays positive: at most half of it goes at once. */
  private void bound(NDArray move, NDArray weight) {
    if (isNormalized()) {
      move.muli(weight);
    }
    try (NDArray half = weight.mul(0.5f);
        NDArray least = move.minimum(half)) {
      TrainedValues.assign(move, least);
    }
  }

  /** Whether moves are of size 1 whatever the gradients' is. */
  abstract boolean isNormalized();

  /** What to take from a weight. */
  abstract NDArray move(int index, NDArray gradient, double rate, long step);

  @Override
  public final void close() {
    memory.forEach(NDArray::close);
  }

  /** {@code v = m v + g; w -= r (g + m v)} (Nesterov's momentum as Sutskever et al. write it). */
  private static final class Sgd extends WeightUpdate {
    private final double momentum;
    private final List<NDArray> velocities = new ArrayList<>();

    Sgd(OptimizerSettings settings, List<Weight> weights, NDManager manager) {
      super(settings.weightDecay());
      momentum = settings.momentum();
      weights.forEach(w -> velocities.add(remember(w.array(), manager)));
    }

    @Override
    boolean isNormalized() {
      return false;
    }

    @Override
    NDArray move(int index, NDArray gradient, double rate, long step) {
      NDArray velocity = velocities.get(index);
      velocity.muli((float) momentum).addi(gradient);
      return velocity.mul((float) momentum).addi(gradient).muli((float) rate);
    }
  }

  /** Adam (arXiv 1412.6980) with beta 2 of 0.999 and epsilon of 1e-8. */
  private static final class AdamW extends WeightUpdate {
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final double beta1;
    private final List<NDArray> means = new ArrayList<>();
    private final List<NDArray> squares = new ArrayList<>();

    AdamW(OptimizerSettings settings, List<Weight> weights, NDManager manager) {
      super(settings.weightDecay());
      beta1 = settings.momentum();
      for (Weight weight : weights) {
        means.add(remember(weight.array(), manager));
        squares.add(remember(weight.array(), manager));
      }
    }

    @Override
    boolean isNormalized() {
      return true;
    }

    @Override
    NDArray move(int index, NDArray gradient, double rate, long step) {
      NDArray mean = means.get(index);
      NDArray square = squares.get(index);
      try (NDArray first = gradient.mul((float) (1 - beta1));
          NDArray second = gradient.square()) {
        mean.muli((float) beta1).addi(first);
        square.muli((float) BETA2).addi(second.muli((float) (1 - BETA2)));
      }
      double scale = 1 / Math.sqrt(1 - Math.pow(BETA2, (double) step));
      try (NDArray root = square.sqrt()) {
        return mean.div(root.muli((float) scale).addi((float) EPSILON))
            .muli((float) (rate / (1 - Math.pow(beta1, (double) step))));
      }
    }
  }
}
