package dev.compress;

import dev.compress.data.Dataset;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.RunAccount;
import dev.compress.energy.RunMeter;
import dev.compress.energy.TimeSource;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.quantize.Target;
import dev.compress.recipe.Passes;
import dev.compress.recipe.Recipe;
import dev.compress.report.TransformGateException;
import dev.compress.report.TransformReport;
import dev.compress.report.UnpackReport;
import dev.compress.runtime.HostCpu;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TuningData;
import dev.compress.train.TuningJob;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The door for programs that embed the library: a recipe and a model in, a model and a report out.
 *
 * <pre>{@code
 * TransformReport report =
 *     Compress.with(Recipe.EMPTY.withQuantize("int8"))
 *         .calibratingOn(Dataset.open(Path.of("calibration.npz")))
 *         .run(Path.of("model.onnx"), Path.of("model.int8.onnx"), false);
 * }</pre>
 *
 * <p>Immutable and thread-safe; each {@code calibratingOn} and the like returns another instance. A
 * run holds no state of another one; native libraries are loaded once a process.
 */
public final class Compress {
  private final Passes passes;
  private final Optional<Dataset> calibration;
  private final Optional<Dataset> selection;
  private final Optional<TuningJob> tuning;
  private final Optional<Path> cache;
  private final Progress progress;
  private final Supplier<Optional<RunAccount>> accounts;

  private Compress(
      Passes passes,
      Optional<Dataset> calibration,
      Optional<Dataset> selection,
      Optional<TuningJob> tuning,
      Optional<Path> cache,
      Progress progress,
      Supplier<Optional<RunAccount>> accounts) {
    this.passes = passes;
    this.calibration = calibration;
    this.selection = selection;
    this.tuning = tuning;
    this.cache = cache;
    this.progress = progress;
    this.accounts = accounts;
  }

  /**
   * Transforms by a recipe.
   *
   * @param recipe the settings; its {@code calibrationData} and {@code data} are only recorded: the
   *     datasets themselves are given here
   * @throws IllegalArgumentException if a setting is wrong; the message says what it may be
   */
  public static Compress with(Recipe recipe) {
    return new Compress(
        Passes.of(recipe, thisMachine()),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Progress.NONE,
        Optional::empty);
  }

  /** The target that this machine is. */
  public static Target thisMachine() {
    HostCpu cpu = HostCpu.detect();
    if (cpu.isArm()) {
      return Target.ARM;
    }
    return cpu.multipliesInt8Exactly() ? Target.CPU_VNNI : Target.CPU_AVX2;
  }

  /** The same, calibrating on a dataset; unbound or bound. */
  public Compress calibratingOn(Dataset data) {
    return new Compress(passes, Optional.of(data), selection, tuning, cache, progress, accounts);
  }

  /** The same, holding the recipe's {@code maxDrop} on a labelled dataset. */
  public Compress holdingAccuracyOn(Dataset data) {
    return new Compress(passes, calibration, Optional.of(data), tuning, cache, progress, accounts);
  }

  /**
   * The same, tuning on a dataset where the recipe says {@code fineTune}.
   *
   * @param data what it learns from, with or without labels, and what it selects on
   */
  public Compress tuningOn(TuningData data) {
    return tuningBy(new TuningJob(data, TrainingFiles.NONE));
  }

  /**
   * The same, tuning where the recipe says {@code fineTune}. Where the progress wants it to stop
   * meanwhile, the best so far is written, unless a limit has to hold.
   *
   * @param job on what, and where it keeps how far it is
   */
  public Compress tuningBy(TuningJob job) {
    return new Compress(
        passes, calibration, selection, Optional.of(job), cache, progress, accounts);
  }

  /**
   * The same, metering the energy of a run for its report.
   *
   * @param newMeters opens a meter for each run, which closes it; empty where there is no sensor
   */
  public Compress meteredBy(Supplier<Optional<EnergyMeter>> newMeters) {
    return accountedBy(
        () -> newMeters.get().map(meter -> new RunMeter(meter, TimeSource.system())));
  }

  /**
   * The same, keeping account of the energy of a run for its report, by whatever means.
   *
   * @param newAccounts opens one for each run, which closes it; empty where there is none
   */
  public Compress accountedBy(Supplier<Optional<RunAccount>> newAccounts) {
    return new Compress(passes, calibration, selection, tuning, cache, progress, newAccounts);
  }

  /** The same, telling how far the work has come; its {@code cancelled} stops a run. */
  public Compress reportingTo(Progress newProgress) {
    return new Compress(passes, calibration, selection, tuning, cache, newProgress, accounts);
  }

  /**
   * The same, keeping what calibration learns in a file, so that another run on the same model and
   * the same data finds it. Entries are keyed by the content of both.
   */
  public Compress keepingCalibrationIn(Path file) {
    return new Compress(
        passes, calibration, selection, tuning, Optional.of(file), progress, accounts);
  }

  /**
   * What would be done, without doing or writing anything.
   *
   * @param model the model's file
   * @return a report with passes but without an output
   * @throws dev.compress.error.CompressionException if the model cannot be read
   */
  public TransformReport plan(Path model) {
    LoadedModel loaded = OnnxReader.read(model);
    return new Transformation(passes, calibration, selection, tuning, cache, progress).plan(loaded);
  }

  /**
   * Puts a model's packed weights back in their dense form, and changes nothing else.
   *
   * @param model the model's file
   * @param output where to write; appears only when it is complete
   * @param overwrite whether an existing output is replaced
   * @param progress told how far it is
   * @return what was unpacked
   * @throws dev.compress.error.UnsupportedModelException if no weight is packed
   * @throws dev.compress.error.CompressionException as {@link #run}
   */
  public static UnpackReport unpack(Path model, Path output, boolean overwrite, Progress progress) {
    return Unpacking.run(model, output, overwrite, progress);
  }

  /**
   * Transforms a model.
   *
   * @param model the model's file
   * @param output where to write; appears only when it is complete
   * @param overwrite whether an existing output is replaced
   * @return what was done, with what the output was measured to be
   * @throws dev.compress.error.InvalidModelException if the model is malformed
   * @throws dev.compress.error.UnsupportedModelException if it cannot be handled
   * @throws dev.compress.error.InvalidDataException if data and model do not fit
   * @throws dev.compress.error.OutputExistsException if the output exists
   * @throws dev.compress.error.ReadWriteException if reading or writing fails
   * @throws dev.compress.error.GateFailedException if a limit of the recipe does not hold
   * @throws dev.compress.error.CancelledException if the progress said so; where that was while the
   *     output was measured, the output is complete and the message says so
   */
  public TransformReport run(Path model, Path output, boolean overwrite) {
    Transformation work =
        new Transformation(passes, calibration, selection, tuning, cache, progress);
    Optional<RunAccount> account = accounts.get();
    if (account.isEmpty()) {
      return work.run(model, output, overwrite);
    }
    try (RunAccount run = account.get()) {
      try {
        return work.run(model, output, overwrite).withEnergy(run.stop());
      } catch (TransformGateException failed) {
        throw new TransformGateException(
            String.valueOf(failed.getMessage()), failed.report().withEnergy(run.stop()));
      }
    }
  }
}
