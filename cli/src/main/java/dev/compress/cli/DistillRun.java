package dev.compress.cli;

import dev.compress.DistillJob;
import dev.compress.ToolVersion;
import dev.compress.cli.console.Terminal;
import dev.compress.cli.console.TerminalProgress;
import dev.compress.cli.text.DistillText;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.CancelledException;
import dev.compress.error.GateFailedException;
import dev.compress.error.ReadWriteException;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.report.DistillReport;
import dev.compress.train.StudentRecipe;
import dev.compress.train.TrainingFiles;
import dev.compress.train.TrainingSettings;
import dev.compress.train.TrainingSummary.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One training, from checked options to printed and written reports. */
final class DistillRun {
  private final CompressCommand root;
  private final DistillOptions options;
  private final LearningOptions learning;
  private final Distiller distiller;

  DistillRun(CompressCommand root, DistillOptions options, LearningOptions learning) {
    this.root = root;
    this.options = options;
    this.learning = learning;
    this.distiller = root.wiring().distillers().get();
  }

  /** Does it; returns the exit code. */
  int run() {
    String student = student();
    root.workingOn(student);
    if (options.trainData == null) {
      throw new UsageException("What is there to learn from? Add --train-data PATH.");
    }
    for (Path report : options.reports) {
      if (!isHtml(report) && !report.toString().toLowerCase(Locale.ROOT).endsWith(".json")) {
        throw new UsageException("--report " + report + ": the name must end in .json or .html.");
      }
      WritableFile.require(report);
    }
    EnergyChoice energy = TransformJob.energy(options.energy);
    Path output = options.output != null ? options.output : OutputName.of(student, "distilled");
    WritableFile.require(output);
    Path checkpoint = checkpoint(output);
    if (options.resume && !Files.exists(checkpoint) && !root.standard.quiet) {
      root.terminal()
          .errln("compress: no checkpoint " + checkpoint + ": the training begins anew.");
    }
    List<Dataset> open = new ArrayList<>();
    DistillReport report;
    StandardOptions standard = root.standard;
    try (TerminalProgress progress =
        new TerminalProgress(root.terminal(), standard.quiet, root.cancelled())) {
      DistillJob job = job(output, checkpoint, energy, open);
      report = distiller.distill(job, progress);
    } catch (CancelledException e) {
      throw new CancelledException("Interrupted; nothing was written.", e);
    } finally {
      open.forEach(Dataset::close);
    }
    return finish(report, output, checkpoint);
  }

  private static boolean isHtml(Path report) {
    return report.toString().toLowerCase(Locale.ROOT).endsWith(".html");
  }

  private String student() {
    if (options.student != null) {
      return options.student;
    }
    if (options.teacher == null) {
      throw new UsageException(
          "Which model is to be trained? Add --student MODEL, or --teacher MODEL and"
              + " --student-from width=0.5.");
    }
    return options.teacher;
  }

  private Path checkpoint(Path output) {
    return options.checkpoint != null
        ? options.checkpoint
        : output.resolveSibling(output.getFileName() + ".checkpoint");
  }

  /** Only here is a wrong argument the user's: anywhere else it is a bug. */
  private DistillJob job(Path output, Path checkpoint, EnergyChoice energy, List<Dataset> open) {
    try {
      StudentRecipe recipe =
          options.studentFrom == null ? null : StudentRecipe.parse(options.studentFrom);
      DistillJob.Models models =
          new DistillJob.Models(
              model(options.teacher), model(options.student), Optional.ofNullable(recipe));
      DistillJob.Lessons lessons = learning.lessons();
      TrainingSettings settings = learning.settings();
      boolean goesOn = options.resume && Files.exists(checkpoint);
      DistillJob.Files files =
          new DistillJob.Files(
              output,
              options.force || goesOn,
              options.teacherCache != null ? options.teacherCache : distiller.teacherCache(),
              new TrainingFiles(
                  Optional.of(checkpoint), options.resume, Optional.ofNullable(options.log)));
      return new DistillJob(
          models, data(open), lessons, settings, files, () -> distiller.account(energy));
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private Optional<Path> model(@Nullable String argument) {
    if (argument == null) {
      return Optional.empty();
    }
    Path file = root.wiring().samples().get().modelFile(argument);
    if (!Files.exists(file)) {
      throw new ReadWriteException("No such file: " + argument + ". Check the path.");
    }
    return Optional.of(file);
  }

  private DistillJob.Data data(List<Dataset> open) {
    SampleCatalog embedded = root.wiring().samples().get();
    Dataset training =
        open(options.trainData == null ? "" : options.trainData, open, embedded::trainingData);
    Integer samples = options.trainSamples;
    if (samples != null) {
      if (samples < 1) {
        throw new UsageException("--train-samples must be 1 or more, not " + samples + ".");
      }
      training = training.take(samples);
    }
    return new DistillJob.Data(
        training,
        Optional.ofNullable(options.validationData)
            .map(d -> open(d, open, embedded::calibrationData)),
        Optional.ofNullable(options.data).map(d -> open(d, open, embedded::testData)));
  }

  private Dataset open(String argument, List<Dataset> open, Function<String, Dataset> embedded) {
    Dataset data;
    if (Samples.name(argument).isPresent()) {
      data = embedded.apply(argument);
    } else if (options.dataConfig != null) {
      data = Dataset.open(Path.of(argument), DataDescriptor.read(options.dataConfig));
    } else {
      data = Dataset.open(Path.of(argument));
    }
    open.add(data);
    return data;
  }

  private int finish(DistillReport report, Path output, Path checkpoint) {
    Optional<Failure> failure = failure(report, output, checkpoint);
    boolean done =
        report.training().stopped().reason() == Reason.FINISHED
            || report.training().stopped().reason() == Reason.EARLY_STOP;
    if (done && options.checkpoint == null) {
      remove(checkpoint);
    }
    return Publication.publish(
        options.reports,
        file -> isHtml(file) ? root.wiring().distillHtml().apply(report) : Json.print(report),
        failure,
        f -> show(report, f),
        root.terminal(),
        root.standard.noColor);
  }

  private void show(DistillReport report, Optional<Failure> failure) {
    StandardOptions standard = root.standard;
    Terminal terminal = root.terminal();
    if (standard.json) {
      terminal.out().print(failure.map(f -> Json.print(report, f)).orElse(Json.print(report)));
    } else if (!standard.quiet) {
      new DistillText(terminal.style(standard.noColor), terminal.width(), standard.verbose)
          .lines(report)
          .forEach(terminal::println);
    }
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot remove " + file + ": " + e.getMessage() + ".", e);
    }
  }

  private Optional<Failure> failure(DistillReport report, Path output, Path checkpoint) {
    String written =
        report.output() == null
            ? "nothing was written, for no epoch was finished."
            : output + " holds the model of epoch " + report.training().bestEpoch() + ", the best.";
    return switch (report.training().stopped().reason()) {
      case FINISHED, EARLY_STOP -> Optional.empty();
      case DIVERGED ->
          Optional.of(
              Failure.of(
                  new GateFailedException(
                      "The loss was no number at step "
                          + report.training().stopped().step()
                          + "; "
                          + written
                          + " Lower --lr, or add --clip-norm 1."),
                  root.where(),
                  ToolVersion.current()));
      case INTERRUPTED ->
          Optional.of(
              new Failure(
                  ExitCode.INTERRUPTED,
                  "Interrupted; " + written,
                  root.where(),
                  Files.exists(checkpoint) ? "Go on with --resume." : ""));
    };
  }
}
