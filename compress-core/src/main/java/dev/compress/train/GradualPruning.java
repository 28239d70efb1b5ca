package dev.compress.train;

import dev.compress.graph.OnnxModel;

/**
 * Zeros that come little by little while a model trains (Zhu and Gupta, arXiv 1710.01878): with
 * {@code u} from 0 to 1 what is over of the pruning, which ends at {@link #END} of the training,
 * {@code share (1 - (1 - u)^3)} of the weights are zero. Which, is chosen anew each time; those
 * that were zero and have grown since may come back.
 *
 * @param share in the end
 * @param how by what rule, to tell one from another
 * @param pruner sets weights to zero
 */
public record GradualPruning(double share, String how, Pruner pruner) {
  /** Where in a training the pruning is over: the rest of it is for what is left. */
  public static final double END = 0.6;

  /** Sets weights to zero. */
  @FunctionalInterface
  public interface Pruner {
    /**
     * Prunes.
     *
     * @param model as it is
     * @param share of the weights
     * @return the same model with as many zeros
     */
    OnnxModel prune(OnnxModel model, double share);
  }

  /**
   * The share of zeros at a step.
   *
   * @param step counted from 0
   * @param steps of the whole training
   */
  public double at(long step, long steps) {
    double over = Math.min(1, step / Math.max(1, END * steps));
    return share * (1 - Math.pow(1 - over, 3));
  }

  /** Whether the pruning is over. */
  public boolean isOver(long step, long steps) {
    return step >= END * steps;
  }
}
