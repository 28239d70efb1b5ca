package dev.compress.cli;

import dev.compress.ToolVersion;
import dev.compress.cli.console.Terminal;
import dev.compress.cli.console.TerminalProgress;
import dev.compress.cli.text.TransformText;
import dev.compress.error.CancelledException;
import dev.compress.error.OutputExistsException;
import dev.compress.error.ReadWriteException;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TrainingSummary.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One run of the main command, from checked options to printed and written reports. */
final class TransformJob {
  private final CompressCommand command;
  private final String model;
  private final Terminal terminal;

  /**
   * A job.
   *
   * @param command with its options parsed
   * @param model a file, or sample:NAME
   */
  TransformJob(CompressCommand command, String model) {
    this.command = command;
    this.model = model;
    this.terminal = command.terminal();
  }

  /** Does it; returns the exit code. */
  int run() {
    Recipe recipe = RecipeSettings.of(command);
    checkNumbers(recipe); // the name of the output tells them
    Dependents.requireQuantize(recipe);
    EnergyChoice energy = energy(command.run.energy);
    Path output = output(recipe);
    checkSettings(recipe);
    TrainingFiles tuning = tuning(recipe, output);
    checkFiles(output, tuning);
    RunOptions options = command.run;
    if (options.saveRecipe != null) {
      NewTextFile.write(options.saveRecipe, RecipeFile.print(recipe, options.saveRecipe));
    }
    TransformEngine.Request request =
        new TransformEngine.Request(
            recipe, model, Optional.ofNullable(command.data.calibrationCache), energy, tuning);
    TransformEngine.Outcome outcome = work(request, output);
    Optional<Failure> interruption = interruption(outcome.report(), output);
    Optional<Failure> failure =
        outcome
            .gate()
            .map(gate -> Failure.of(gate, model, ToolVersion.current()))
            .or(() -> interruption);
    if (command.shrink.checkpoint == null && interruption.isEmpty()) {
      tuning.removeCheckpoints();
    }
    return publish(outcome.report(), failure);
  }

  private Optional<Failure> interruption(TransformReport report, Path output) {
    boolean stopped =
        report.trainings().stream()
            .anyMatch(t -> t.summary().stopped().reason() == Reason.INTERRUPTED);
    return stopped
        ? Optional.of(
            new Failure(
                ExitCode.INTERRUPTED,
                "Interrupted; " + output + " holds the best so far.",
                model,
                "Go on with --resume."))
        : Optional.empty();
  }

  private TrainingFiles tuning(Recipe recipe, Path output) {
    ShrinkOptions options = command.shrink;
    if (recipe.fineTune() == null) {
      if (options.checkpoint != null || options.resume) {
        throw new UsageException(
            "--checkpoint and --resume are for --fine-tune EPOCHS. Add it, or leave them away.");
      }
      return TrainingFiles.NONE;
    }
    Path checkpoint =
        options.checkpoint != null
            ? options.checkpoint
            : output.resolveSibling(output.getFileName() + ".checkpoint");
    if (!command.run.dryRun) {
      WritableFile.require(checkpoint);
    }
    if (options.resume && !Files.exists(checkpoint) && !command.standard.quiet) {
      terminal.errln("compress: no checkpoint " + checkpoint + ": the tuning begins anew.");
    }
    return new TrainingFiles(Optional.of(checkpoint), options.resume, Optional.empty());
  }

  /** Of a run that goes on, the output is the best so far of the one before. */
  private boolean replaces(TrainingFiles tuning) {
    return command.run.force
        || (tuning.resume() && tuning.checkpoint().filter(Files::exists).isPresent());
  }

  /** What {@code --energy} says, here and in {@code evaluate}. */
  static EnergyChoice energy(@Nullable String text) {
    try {
      return text == null ? EnergyChoice.AUTO : EnergyChoice.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--energy: " + e.getMessage());
    }
  }

  private TransformEngine.Outcome work(TransformEngine.Request request, Path output) {
    boolean quiet = command.standard.quiet;
    TransformEngine engine = command.wiring().engine().get();
    Optional<BasicFileAttributes> before = attributes(output);
    try (TerminalProgress progress = new TerminalProgress(terminal, quiet, command.cancelled())) {
      return command.run.dryRun
          ? new TransformEngine.Outcome(engine.plan(request, progress), Optional.empty())
          : engine.run(request, output, replaces(request.tuning()), progress);
    } catch (CancelledException e) {
      throw isAnother(before, attributes(output))
          ? new CancelledException(
              "Interrupted while the output was measured; " + output + " is complete.", e)
          : new CancelledException(
              "Interrupted; nothing was written." + advice(request.tuning()), e);
    }
  }

  private static String advice(TrainingFiles tuning) {
    return tuning.checkpoint().filter(Files::exists).isPresent() ? " Go on with --resume." : "";
  }

  private static Optional<BasicFileAttributes> attributes(Path file) {
    try {
      return Optional.of(Files.readAttributes(file, BasicFileAttributes.class));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static boolean isAnother(
      Optional<BasicFileAttributes> before, Optional<BasicFileAttributes> after) {
    return after.isPresent()
        && (before.isEmpty()
            || !before.get().lastModifiedTime().equals(after.get().lastModifiedTime())
            || !Objects.equals(before.get().fileKey(), after.get().fileKey()));
  }

  /** A word alone may be a command that there is not. */
  private void requireFile() {
    if (Samples.name(model).isEmpty() && !Files.exists(Path.of(model))) {
      throw new UsageException(
          "No such command or file: "
              + model
              + Misspelling.command(model).map(c -> "; did you mean " + c + "?").orElse("."));
    }
  }

  private Path output(Recipe recipe) {
    String done = OutputName.done(recipe);
    if (done.isEmpty()) {
      requireFile();
      throw new UsageException(Dependents.advice(recipe, command.shrink));
    }
    Path given = command.run.output;
    return given != null ? given : OutputName.of(model, done);
  }

  private void checkSettings(Recipe recipe) {
    if (recipe.maxDrop() != null && recipe.data() == null) {
      throw new UsageException(
          "--max-drop is measured on labelled data. Name it with --data PATH.");
    }
    if (recipe.dataConfig() != null
        && !isFile(recipe.data())
        && !isFile(recipe.calibrationData())
        && !isFile(recipe.trainData())) {
      throw new UsageException(
          "--data-config describes data that --data or --calibration-data PATH names; sample:NAME"
              + " has a description of its own.");
    }
    if ("static".equals(recipe.quantizeMode())
        && recipe.calibrationData() == null
        && recipe.trainData() == null
        && Samples.name(model).isEmpty()) {
      throw new UsageException(
          "--quantize-mode static needs samples to calibrate on. Name them with --calibration-data"
              + " PATH, or choose dynamic or weights.");
    }
    if (recipe.fineTune() != null && recipe.trainData() == null) {
      throw new UsageException(
          "--fine-tune needs data to learn from. Name it with --train-data PATH.");
    }
    if (recipe.fineTune() == null
        && (recipe.trainData() != null || recipe.validationData() != null)) {
      throw new UsageException(
          "--train-data and --validation-data are for --fine-tune EPOCHS. Add it, or leave them"
              + " away.");
    }
    if (command.data.calibrationCache != null) {
      if (recipe.calibrationData() == null && Samples.name(model).isEmpty()) {
        throw new UsageException(
            "--calibration-cache keeps what calibration data taught. Name it with"
                + " --calibration-data PATH.");
      }
      WritableFile.require(command.data.calibrationCache);
    }
    if (command.standard.quiet && command.standard.verbose) {
      throw new UsageException("Choose one of --quiet and --verbose.");
    }
  }

  private static void checkNumbers(Recipe recipe) {
    atLeastOne("--threads", recipe.threads());
    atLeastOne("--calibration-samples", recipe.calibrationSamples());
    atLeastOne("--opset", recipe.opset());
    atLeastOne("--fine-tune", recipe.fineTune());
    checkShare(recipe.prune());
    Double energy = recipe.lowRank();
    if (energy != null && !(energy > 0 && energy < 1)) {
      throw new UsageException(
          "--low-rank must be over 0 and under 1, such as 0.95, not " + energy + ".");
    }
    Integer cluster = recipe.cluster();
    if (cluster != null && (cluster < 2 || cluster > 256)) {
      throw new UsageException("--cluster must be 2 to 256 distinct values, not " + cluster + ".");
    }
    atLeastOne("--cluster-groups", recipe.clusterGroups());
    if (recipe.clusterGroups() != null && cluster == null) {
      throw new UsageException("--cluster-groups divides what --cluster K does. Add --cluster K.");
    }
    Double drop = recipe.maxDrop();
    if (drop != null && !(drop >= 0 && drop < Double.POSITIVE_INFINITY)) {
      throw new UsageException("--max-drop must be 0 or more, not " + drop + ".");
    }
  }

  private static void checkShare(@Nullable Double share) {
    if (share != null && !(share >= 0 && share < 1)) {
      throw new UsageException(
          "--prune must be 0 or more and under 1, such as 0.5 or 50%, not "
              + share
              + ". At 1 no weight would be left.");
    }
  }

  private static void atLeastOne(String option, @Nullable Integer value) {
    if (value != null && value < 1) {
      throw new UsageException(option + " must be 1 or more, not " + value + ".");
    }
  }

  private static boolean isFile(@Nullable String data) {
    return data != null && Samples.name(data).isEmpty();
  }

  /** What can be known to fail is said before the work, not after it. */
  private void checkFiles(Path output, TrainingFiles tuning) {
    RunOptions options = command.run;
    if (Samples.name(model).isEmpty() && !Files.exists(Path.of(model))) {
      throw new ReadWriteException("No such file: " + model + ". Check the path.");
    }
    for (Path report : options.reports) {
      checkExtension("--report", report, List.of(".json", ".html"));
      WritableFile.require(report);
    }
    if (options.saveRecipe != null) {
      checkExtension("--save-recipe", options.saveRecipe, List.of(".yaml", ".yml", ".json"));
      WritableFile.require(options.saveRecipe);
      checkNew(options.saveRecipe);
    }
    if (!options.dryRun) {
      WritableFile.require(output);
      if (!replaces(tuning)) {
        checkNew(output);
      }
    }
  }

  private static void checkExtension(String option, Path file, List<String> known) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    if (known.stream().noneMatch(name::endsWith)) {
      throw new UsageException(
          option + " " + file + ": the name must end in " + String.join(" or ", known) + ".");
    }
  }

  private void checkNew(Path file) {
    if (!command.run.force && Files.exists(file)) {
      throw new OutputExistsException(
          file + " exists already. Choose another name, or replace it with --force.");
    }
  }

  /** The report is written and printed also where a gate failed, with the error in it. */
  private int publish(TransformReport report, Optional<Failure> failure) {
    return Publication.publish(
        command.run.reports,
        file -> print(report, file),
        failure,
        f -> show(report, f),
        terminal,
        command.standard.noColor);
  }

  private String print(TransformReport report, Path file) {
    boolean html = file.toString().toLowerCase(Locale.ROOT).endsWith(".html");
    return html ? command.wiring().html().apply(report) : Json.print(report);
  }

  private void show(TransformReport report, Optional<Failure> failure) {
    StandardOptions standard = command.standard;
    if (standard.json) {
      terminal.out().print(failure.map(f -> Json.print(report, f)).orElse(Json.print(report)));
    } else if (!standard.quiet) {
      TransformText text =
          new TransformText(terminal.style(standard.noColor), terminal.width(), standard.verbose);
      text.lines(report).forEach(terminal::println);
    }
  }
}
