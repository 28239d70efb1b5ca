package dev.compress.train;

import java.util.Locale;

/**
 * The learning rate over a training. It rises linearly to its peak during the warm-up, then follows
 * the schedule: with {@code u} from 0 to 1 what is over of the rest, cosine is {@code peak (1 + cos
 * pi u) / 2}, step is a tenth of the peak from {@code u = 1/2} and a hundredth from {@code u =
 * 3/4}.
 *
 * @param peak the largest
 * @param schedule how it falls
 * @param warmupEpochs how long it rises; may be a part of one
 */
public record LearningRate(double peak, Schedule schedule, double warmupEpochs) {
  /** How a learning rate falls. */
  public enum Schedule {
    /** Along half a cosine, to 0. */
    COSINE,
    /** By ten at a half and at three quarters. */
    STEP,
    /** Not at all. */
    CONSTANT;

    /** As options have it. */
    public String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Checks. */
  public LearningRate {
    if (!(peak > 0 && peak < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("--lr must be over 0, not " + peak + ".");
    }
    if (!(warmupEpochs >= 0 && warmupEpochs < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "--warmup-epochs must be 0 or more, not " + warmupEpochs + ".");
    }
  }

  /** Along a cosine, with no warm-up. */
  public static LearningRate cosine(double peak) {
    return new LearningRate(peak, Schedule.COSINE, 0);
  }

  /**
   * The rate of one step.
   *
   * @param step counted from 0
   * @param stepsPerEpoch at least 1
   * @param epochs of the whole training
   */
  public double at(long step, long stepsPerEpoch, int epochs) {
    long total = stepsPerEpoch * epochs;
    long warmup = Math.min(total, Math.round(warmupEpochs * stepsPerEpoch));
    if (step < warmup) {
      return peak * (step + 1) / warmup;
    }
    double over = total > warmup ? Math.min(1, (double) (step - warmup) / (total - warmup)) : 1;
    return switch (schedule) {
      case CONSTANT -> peak;
      case COSINE -> peak * (1 + Math.cos(Math.PI * over)) / 2;
      case STEP -> over < 0.5 ? peak : over < 0.75 ? peak / 10 : peak / 100;
    };
  }
}
