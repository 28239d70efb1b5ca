package dev.compress;

import dev.compress.data.Dataset;
import dev.compress.energy.RunAccount;
import dev.compress.train.StudentRecipe;
import dev.compress.train.Task;
import dev.compress.train.TeacherSignal;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TrainingSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A training of a student, with or without a teacher.
 *
 * @param models who teaches whom
 * @param data on what
 * @param lessons what is taught
 * @param training how
 * @param files where things go
 * @param accounts opens an account of the energy that it takes
 */
public record DistillJob(
    Models models,
    Data data,
    Lessons lessons,
    TrainingSettings training,
    Files files,
    Supplier<Optional<RunAccount>> accounts) {
  /** Checks. */
  public DistillJob {
    boolean anew = models.recipe().filter(r -> r.kind() == StudentRecipe.Kind.WIDTH).isPresent();
    if (anew && lessons.quantizationAware()) {
      throw new IllegalArgumentException(
          "--quantization-aware is for a student that has learned already, and --student-from width"
              + " begins with new weights. Train it first, then give it as --student.");
    }
  }

  /**
   * Who teaches whom.
   *
   * @param teacher a model file; empty: nobody
   * @param student a model file; empty: it is made of the teacher
   * @param recipe how it is made of the teacher; empty: it is a file
   */
  public record Models(
      Optional<Path> teacher, Optional<Path> student, Optional<StudentRecipe> recipe) {
    /** Checks. */
    public Models {
      if (student.isPresent() == recipe.isPresent()) {
        throw new IllegalArgumentException(
            "A student is a file (--student FILE) or made of the teacher (--student-from"
                + " width=0.5): give one of the two.");
      }
      if (recipe.isPresent() && teacher.isEmpty()) {
        throw new IllegalArgumentException("--student-from needs the --teacher MODEL.");
      }
    }
  }

  /**
   * On what; three sets that share no sample.
   *
   * @param training what it learns from
   * @param selection what the best epoch is chosen on; empty: a part of the training data by seed
   * @param score what the final score is of; empty: there is none
   */
  public record Data(Dataset training, Optional<Dataset> selection, Optional<Dataset> score) {}

  /**
   * What is taught.
   *
   * @param temperature of the soft loss
   * @param alpha weight of the soft loss against the labels
   * @param features pairs of inner values besides the outputs
   * @param classes how errors in classes count
   * @param task what the outputs are; empty: what the labels say
   * @param keepsStructure whether zeros and shared values of the student stay
   * @param quantizationAware whether the student is quantized to int8 and learns through that
   */
  public record Lessons(
      double temperature,
      double alpha,
      List<TeacherSignal> features,
      ClassWeighting classes,
      Optional<Task> task,
      boolean keepsStructure,
      boolean quantizationAware) {
    /** What {@code compress distill} does unless told otherwise. */
    public static final Lessons DEFAULT =
        new Lessons(4, 0.9, List.of(), ClassWeighting.EQUAL, Optional.empty(), true, false);

    /** Copies. */
    public Lessons {
      features = List.copyOf(features);
    }
  }

  /**
   * How errors in classes count.
   *
   * @param balanced inversely to how often a class comes
   * @param weights given ones, a class each; empty: none were given
   */
  public record ClassWeighting(boolean balanced, List<Double> weights) {
    /** The same. */
    public static final ClassWeighting EQUAL = new ClassWeighting(false, List.of());

    /** Copies. */
    public ClassWeighting {
      weights = List.copyOf(weights);
    }
  }

  /**
   * Where things go.
   *
   * @param output the student's file; appears only when it is complete
   * @param overwrite whether an existing one is replaced
   * @param cache the folder for the teacher's outputs
   * @param training checkpoint and log
   */
  public record Files(Path output, boolean overwrite, Path cache, TrainingFiles training) {}
}
