package dev.compress.cli;

import dev.compress.Compress;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.energy.RunAccount;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.gradient.GradientEngine;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.report.TransformGateException;
import dev.compress.report.TransformReport;
import dev.compress.train.TuningData;
import dev.compress.train.TuningJob;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The main job through the library's door, with the datasets that a recipe names opened for it. */
final class DoorEngine implements TransformEngine {
  private final SampleCatalog samples;
  private final Function<EnergyChoice, Optional<RunAccount>> accounts;

  /**
   * The door.
   *
   * @param samples what sample:NAME stands for
   * @param accounts opens an account of a run's own energy; empty for none
   */
  DoorEngine(SampleCatalog samples, Function<EnergyChoice, Optional<RunAccount>> accounts) {
    this.samples = samples;
    this.accounts = accounts;
  }

  @Override
  public TransformReport plan(Request request, Progress progress) {
    Compress door = door(request.recipe(), progress);
    List<Dataset> open = new ArrayList<>();
    try {
      return withData(door, request, open).plan(samples.modelFile(request.model()));
    } finally {
      open.forEach(Dataset::close);
    }
  }

  @Override
  public Outcome run(Request request, Path output, boolean overwrite, Progress progress) {
    Compress door = door(request.recipe(), progress);
    List<Dataset> open = new ArrayList<>();
    try {
      Path model = samples.modelFile(request.model());
      TransformReport report =
          withData(door, request, open)
              .accountedBy(() -> accounts.apply(request.energy()))
              .run(model, output, overwrite);
      return new Outcome(report, Optional.empty());
    } catch (TransformGateException failed) {
      return new Outcome(failed.report(), Optional.of(failed));
    } finally {
      open.forEach(Dataset::close);
    }
  }

  /** Only here is a wrong argument the user's: anywhere else it is a bug. */
  private static Compress door(Recipe recipe, Progress progress) {
    try {
      return Compress.with(recipe).reportingTo(progress);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private Compress withData(Compress door, Request request, List<Dataset> open) {
    Recipe recipe = request.recipe();
    Compress prepared = door;
    String calibration = recipe.calibrationData();
    if (calibration == null) {
      calibration = Samples.name(request.model()).isPresent() ? request.model() : null;
    }
    if (calibration == null
        && recipe.trainData() == null
        && "taylor".equalsIgnoreCase(recipe.pruneCriterion())) {
      throw new UsageException(GradientEngine.NO_SAMPLES);
    }
    if (calibration != null) {
      Optional<DataDescriptor> descriptor =
          calibrationDescriptor(calibration, recipe.data(), config(recipe));
      Dataset data = open(calibration, descriptor, samples::calibrationData);
      open.add(data);
      prepared = prepared.calibratingOn(data);
      if (request.calibrationCache().isPresent()) {
        prepared = prepared.keepingCalibrationIn(request.calibrationCache().get());
      }
    }
    if (recipe.data() != null) {
      Dataset data =
          open(recipe.data(), config(recipe).map(DataDescriptor::read), samples::testData);
      open.add(data);
      prepared = prepared.holdingAccuracyOn(data);
    }
    if (recipe.trainData() != null) {
      Dataset training = tuning(recipe.trainData(), recipe, open, samples::trainingData);
      Optional<Dataset> selection =
          Optional.ofNullable(recipe.validationData())
              .map(d -> tuning(d, recipe, open, samples::calibrationData));
      prepared =
          prepared.tuningBy(new TuningJob(new TuningData(training, selection), request.tuning()));
    }
    return prepared;
  }

  /** Described as the data to score on is, unless a descriptor of its own lies beside it. */
  private static Dataset tuning(
      String path, Recipe recipe, List<Dataset> open, Function<String, Dataset> embedded) {
    Dataset data = open(path, calibrationDescriptor(path, recipe.data(), config(recipe)), embedded);
    open.add(data);
    return data;
  }

  private static Optional<Path> config(Recipe recipe) {
    return Optional.ofNullable(recipe.dataConfig()).map(Path::of);
  }

  /**
   * A descriptor given on the command line describes the data to score on. It describes the
   * calibration data too, which is prepared for the same model, unless a descriptor of its own lies
   * beside that.
   */
  private static Optional<DataDescriptor> calibrationDescriptor(
      String calibration, @Nullable String data, Optional<Path> config) {
    if (Samples.name(calibration).isPresent() || config.isEmpty()) {
      return Optional.empty();
    }
    if (data == null || Samples.name(data).isPresent()) {
      return config.map(DataDescriptor::read);
    }
    return DataDescriptor.beside(Path.of(calibration))
        .or(() -> config.map(file -> DataDescriptor.read(file).forOtherData()));
  }

  /** Without a descriptor, the one beside the data holds. */
  private static Dataset open(
      String argument, Optional<DataDescriptor> descriptor, Function<String, Dataset> embedded) {
    if (Samples.name(argument).isPresent()) {
      return embedded.apply(argument);
    }
    Path path = Path.of(argument);
    return descriptor.map(known -> Dataset.open(path, known)).orElseGet(() -> Dataset.open(path));
  }
}
