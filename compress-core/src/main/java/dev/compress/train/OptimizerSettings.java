package dev.compress.train;

import java.util.Locale;

/**
 * How gradients become steps.
 *
 * @param kind which rule
 * @param momentum of SGD (Nesterov's); beta 1 of AdamW
 * @param weightDecay what a step takes from each weight of more than one dim, as a share of the
 *     learning rate; biases and normalizations are left alone
 * @param clipNorm the largest Euclidean norm of all gradients together; 0: any
 */
public record OptimizerSettings(Kind kind, double momentum, double weightDecay, double clipNorm) {
  /** AdamW (Loshchilov and Hutter, arXiv 1711.05101) with the usual numbers. */
  public static final OptimizerSettings ADAMW = new OptimizerSettings(Kind.ADAMW, 0.9, 0.01, 0);

  /** SGD with Nesterov momentum and the usual numbers. */
  public static final OptimizerSettings SGD = new OptimizerSettings(Kind.SGD, 0.9, 5e-4, 0);

  /** Rules. */
  public enum Kind {
    /** {@code v = m v + g; w -= r (g + m v)}. */
    SGD,
    /** Adam with decay that is not part of the gradient. */
    ADAMW;

    /** As options have it. */
    public String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Checks. */
  public OptimizerSettings {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException("A momentum of " + momentum);
    }
    if (!(weightDecay >= 0 && weightDecay < 1)) {
      throw new IllegalArgumentException(
          "--weight-decay must be 0 or more and under 1, not " + weightDecay + ".");
    }
    if (!(clipNorm >= 0 && clipNorm < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("--clip-norm must be over 0, not " + clipNorm + ".");
    }
  }

  /** The learning rate where none is given: 0.001 for AdamW, 0.05 for SGD. */
  public double usualRate() {
    return kind == Kind.SGD ? 0.05 : 1e-3;
  }

  /** The same with another decay. */
  public OptimizerSettings withWeightDecay(double decay) {
    return new OptimizerSettings(kind, momentum, decay, clipNorm);
  }

  /** The same with another limit on the gradients. */
  public OptimizerSettings withClipNorm(double norm) {
    return new OptimizerSettings(kind, momentum, weightDecay, norm);
  }
}
