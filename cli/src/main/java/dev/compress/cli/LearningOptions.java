package dev.compress.cli;

import dev.compress.DistillJob.ClassWeighting;
import dev.compress.DistillJob.Lessons;
import dev.compress.train.Augmentation;
import dev.compress.train.LearningRate;
import dev.compress.train.OptimizerSettings;
import dev.compress.train.Task;
import dev.compress.train.TeacherSignal;
import dev.compress.train.TrainingSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How {@code compress distill} trains. */
final class LearningOptions {
  @Option(
      names = "--temperature",
      order = 20,
      paramLabel = "T",
      description = "Softens the teacher's scores. Default: 4.")
  @Nullable Double temperature;

  @Option(
      names = "--alpha",
      order = 21,
      paramLabel = "SHARE",
      description = "Weight of the teacher against the labels; at 1 no labels. Default: 0.9.")
  @Nullable Double alpha;

  @Option(
      names = "--hints",
      order = 22,
      paramLabel = "PAIRS",
      description =
          "Pairs teacher:student of inner values, separated by commas: the student's, through a"
              + " learned linear map, are to be the teacher's.")
  @Nullable String hints;

  @Option(
      names = "--attention-transfer",
      order = 23,
      paramLabel = "PAIRS",
      description = "Pairs teacher:student of features that are to be strong in the same places.")
  @Nullable String attention;

  @Option(
      names = "--task",
      order = 24,
      paramLabel = "TASK",
      description =
          "classification or regression. Default: as the labels or the teacher's outputs say.")
  @Nullable String task;

  @Option(
      names = "--class-weights",
      order = 25,
      paramLabel = "WEIGHTS",
      description =
          "What an error in each class counts: balanced, or a number a class, separated by commas."
              + " Default: the same.")
  @Nullable String classWeights;

  @Option(names = "--epochs", order = 26, paramLabel = "N", description = "Default: 10.")
  @Nullable Integer epochs;

  @Option(
      names = "--batch",
      order = 27,
      paramLabel = "N",
      description = "Samples a step. Default: 128, or what the model fixes.")
  @Nullable Integer batch;

  @Option(
      names = "--lr",
      order = 28,
      paramLabel = "RATE",
      description = "The largest learning rate. Default: 0.001 for adamw, 0.05 for sgd.")
  @Nullable Double rate;

  @Option(
      names = "--optimizer",
      order = 29,
      paramLabel = "RULE",
      description = "adamw or sgd (with Nesterov momentum of 0.9). Default: adamw.")
  @Nullable String optimizer;

  @Option(
      names = "--schedule",
      order = 30,
      paramLabel = "FORM",
      description = "How the learning rate falls: cosine, step or constant. Default: cosine.")
  @Nullable String schedule;

  @Option(
      names = "--warmup-epochs",
      order = 31,
      paramLabel = "N",
      description = "How long the learning rate rises first. Default: 0.")
  @Nullable Double warmup;

  @Option(
      names = "--weight-decay",
      order = 32,
      paramLabel = "SHARE",
      description = "Default: 0.01 for adamw, 0.0005 for sgd.")
  @Nullable Double weightDecay;

  @Option(
      names = "--clip-norm",
      order = 33,
      paramLabel = "NORM",
      description = "The largest norm of all gradients together. Default: any.")
  @Nullable Double clipNorm;

  @Option(
      names = "--augment",
      order = 34,
      paramLabel = "LIST",
      description =
          "Change training images at random: shift, flip, cutout, or shift=3,flip,cutout=8."
              + " Default: no change.")
  @Nullable String augment;

  @Option(
      names = "--early-stop",
      order = 35,
      paramLabel = "N",
      description = "End after N epochs without a better model. Default: train all epochs.")
  @Nullable Integer earlyStop;

  @Option(
      names = "--quantization-aware",
      order = 36,
      description =
          "Quantize the student to int8, with ranges of the training data, and let it learn through"
              + " that; a tenth of the learning rate is the default. For one that has learned"
              + " already.")
  boolean quantizationAware;

  @Option(
      names = "--seed",
      order = 36,
      paramLabel = "N",
      description = "For whatever is random. Default: 0.")
  @Nullable Long seed;

  @Option(
      names = "--threads",
      order = 37,
      paramLabel = "N",
      description = "Threads to use. Default: all cores.")
  @Nullable Integer threads;

  /**
   * How to train.
   *
   * @throws IllegalArgumentException if an option is wrong
   */
  TrainingSettings settings() {
    OptimizerSettings rule =
        choice(
                    "--optimizer",
                    optimizer,
                    OptimizerSettings.Kind.ADAMW,
                    OptimizerSettings.Kind.values())
                == OptimizerSettings.Kind.SGD
            ? OptimizerSettings.SGD
            : OptimizerSettings.ADAMW;
    if (weightDecay != null) {
      rule = rule.withWeightDecay(weightDecay);
    }
    if (clipNorm != null) {
      if (clipNorm <= 0) {
        throw new IllegalArgumentException("--clip-norm must be over 0, not " + clipNorm + ".");
      }
      rule = rule.withClipNorm(clipNorm);
    }
    if (earlyStop != null && earlyStop < 1) {
      throw new IllegalArgumentException("--early-stop must be 1 or more, not " + earlyStop + ".");
    }
    if (threads != null && threads < 1) {
      throw new IllegalArgumentException("--threads must be 1 or more, not " + threads + ".");
    }
    TrainingSettings usual = TrainingSettings.DEFAULT;
    return new TrainingSettings(
        epochs == null ? usual.epochs() : epochs,
        batch == null ? usual.batch() : batch,
        rule,
        new LearningRate(
            rate == null ? usualRate(rule) : rate,
            choice(
                "--schedule",
                schedule,
                LearningRate.Schedule.COSINE,
                LearningRate.Schedule.values()),
            warmup == null ? 0 : warmup),
        augment == null ? Augmentation.NONE : Augmentation.parse(augment),
        new TrainingSettings.RunSettings(
            seed == null ? 0 : seed,
            threads == null ? 0 : threads,
            earlyStop == null ? 0 : earlyStop));
  }

  /** What is right but for its rounding is moved a little. */
  private double usualRate(OptimizerSettings rule) {
    return quantizationAware ? rule.usualRate() / 10 : rule.usualRate();
  }

  /**
   * What is taught.
   *
   * @throws IllegalArgumentException if an option is wrong
   */
  Lessons lessons() {
    List<TeacherSignal> features =
        new ArrayList<>(pairs("--hints", hints, TeacherSignal.Kind.HINT));
    features.addAll(pairs("--attention-transfer", attention, TeacherSignal.Kind.ATTENTION));
    Lessons usual = Lessons.DEFAULT;
    double t = temperature == null ? usual.temperature() : temperature;
    double a = alpha == null ? usual.alpha() : alpha;
    if (!(t > 0 && t < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("--temperature must be over 0, not " + t + ".");
    }
    if (!(a >= 0 && a <= 1)) {
      throw new IllegalArgumentException("--alpha must be 0 to 1, not " + a + ".");
    }
    Optional<Task> what =
        task == null
            ? Optional.empty()
            : Optional.of(choice("--task", task, Task.CLASSIFICATION, Task.values()));
    return new Lessons(t, a, features, weights(), what, true, quantizationAware);
  }

  private ClassWeighting weights() {
    if (classWeights == null) {
      return ClassWeighting.EQUAL;
    }
    if (classWeights.equals("balanced")) {
      return new ClassWeighting(true, List.of());
    }
    List<Double> weights = new ArrayList<>();
    try {
      for (String part : classWeights.split(",", -1)) {
        double weight = Double.parseDouble(part.strip());
        if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
          throw new NumberFormatException(part);
        }
        weights.add(weight);
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "--class-weights " + classWeights + ": use balanced, or numbers such as 1,2,0.5.", e);
    }
    return new ClassWeighting(false, weights);
  }

  private static List<TeacherSignal> pairs(
      String option, @Nullable String text, TeacherSignal.Kind kind) {
    List<TeacherSignal> pairs = new ArrayList<>();
    if (text != null) {
      for (String pair : text.split(",", -1)) {
        int colon = pair.indexOf(':');
        if (colon < 1 || colon == pair.length() - 1) {
          throw new IllegalArgumentException(
              option
                  + " "
                  + text
                  + ": use pairs of values, teacher:student, such as /a/Relu:/b/Relu.");
        }
        pairs.add(
            new TeacherSignal(
                kind, pair.substring(0, colon).strip(), pair.substring(colon + 1).strip()));
      }
    }
    return pairs;
  }

  private static <E extends Enum<E>> E choice(
      String option, @Nullable String text, E usual, E[] all) {
    if (text == null) {
      return usual;
    }
    List<String> known = new ArrayList<>();
    for (E one : all) {
      String word = one.name().toLowerCase(Locale.ROOT);
      if (word.equals(text)) {
        return one;
      }
      known.add(word);
    }
    throw new IllegalArgumentException(
        option + " " + text + ": use one of " + String.join(", ", known) + ".");
  }
}
