package dev.compress.cli;

import dev.compress.Compress;
import dev.compress.cli.console.Terminal;
import dev.compress.data.Dataset;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.RunEnergy;
import dev.compress.error.GateFailedException;
import dev.compress.evaluation.report.HtmlDistillReport;
import dev.compress.evaluation.report.HtmlTransformReport;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.progress.Progress;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
import dev.compress.train.TrainingSummary;
import dev.compress.train.TrainingSummary.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Runs command lines in this process, with an engine that does as the test says. */
final class Bench {
  private static final long INPUT_BYTES = 1_242_706;

  /** What a command printed and how it ended. */
  record Result(int code, String out, String err) {}

  final Map<String, String> environment = new HashMap<>();
  final List<TransformEngine.Request> requests = new ArrayList<>();
  boolean screen;
  boolean overwrite;
  @Nullable Path output;
  @Nullable RuntimeException failure;
  @Nullable Error error;
  @Nullable GateFailedException gate;
  boolean interrupted;

  Result run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        screen ? Terminal.ofScreen(out, err, environment) : Terminal.of(out, err, environment);
    int code = new Program(terminal, wiring(), new AtomicBoolean()).run(args);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private Wiring wiring() {
    return new Wiring(
        FakeEngine::new,
        HtmlTransformReport::of,
        HtmlDistillReport::of,
        (model, threads, progress) -> {
          throw new UnsupportedOperationException();
        },
        Compress::unpack,
        NoSamples::new,
        DoorDistiller::new);
  }

  private final class FakeEngine implements TransformEngine {
    @Override
    public TransformReport plan(Request request, Progress progress) {
      requests.add(request);
      return report(request.recipe(), request.model(), null);
    }

    @Override
    public Outcome run(Request request, Path file, boolean replace, Progress progress) {
      requests.add(request);
      output = file;
      overwrite = replace;
      if (failure != null) {
        throw failure;
      }
      if (error != null) {
        throw error;
      }
      TransformReport report =
          report(request.recipe(), request.model(), gate == null ? file : null);
      return new Outcome(
          interrupted ? tuned(report, Reason.INTERRUPTED) : report, Optional.ofNullable(gate));
    }
  }

  private static final class NoSamples implements SampleCatalog {
    @Override
    public List<SampleModel> list() {
      return List.of(new SampleModel("glyphs", "digits and letters"));
    }

    @Override
    public Path modelFile(String argument) {
      return Path.of(argument);
    }

    @Override
    public Dataset calibrationData(String argument) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Dataset trainingData(String argument) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Dataset testData(String argument) {
      throw new UnsupportedOperationException();
    }
  }

  private static TransformReport tuned(TransformReport r, Reason end) {
    TrainingSummary summary =
        new TrainingSummary(
            "top1",
            List.of(new TrainingSummary.Epoch(1, 0.5, 0.9, 1e-3, 3)),
            1,
            0.9,
            0.8,
            new TrainingSummary.Speed(10, 100.0, 3),
            new TrainingSummary.Stop(end, null),
            List.of());
    return withTrainings(r, List.of(new TransformReport.Training("fine-tune", summary)));
  }

  /** The same report of a transformation that trained. */
  static TransformReport withTrainings(
      TransformReport r, List<TransformReport.Training> trainings) {
    return new TransformReport(
        r.schema(),
        r.tool(),
        r.input(),
        r.output(),
        r.recipe(),
        r.wallSeconds(),
        r.peakRssBytes(),
        r.passes(),
        trainings,
        r.kernels(),
        r.integerMacShare(),
        r.fidelity(),
        r.speed(),
        r.loadMs(),
        r.loadPeakBytes(),
        r.accuracy(),
        r.layers(),
        r.data(),
        r.sparsity(),
        r.bitsPerWeight(),
        r.weights(),
        r.energy(),
        r.notes(),
        r.warnings());
  }

  /** A report with everything in it. */
  static TransformReport report(Recipe recipe, String input, @Nullable Path written) {
    boolean done = written != null;
    return new TransformReport(
        TransformReport.SCHEMA,
        new TransformReport.Tool("1.2.3", "1.29.0"),
        new TransformReport.Input(input, "ab".repeat(32), INPUT_BYTES, 309_226),
        done
            ? new TransformReport.Output(
                String.valueOf(written), "cd".repeat(32), 331_077, 297_251L, 3.7535)
            : null,
        RecipeFile.toMap(recipe),
        26.5,
        320_311_296L,
        List.of(
            new TransformReport.Pass("fold-constants", 0.1, List.of(), List.of()),
            new TransformReport.Pass(
                "quantize-int8",
                17.4,
                List.of(new Change("conv-1", "Conv", "static int8")),
                List.of(
                    new Skipped("gemm-1", "Gemm", "a small matrix: slower in integers"),
                    new Skipped("gemm-2", "Gemm", "a small matrix: slower in integers")))),
        List.of(),
        new TransformReport.Kernels(Map.of("Conv", 8), Map.of("Gemm", 2), List.of("conv-9")),
        0.978,
        new TransformReport.Fidelity(31.42, 0.99964, 1.0, 32, "calibration data"),
        new TransformReport.Speed(0.204, 0.0819, 0.437, List.of(0.432, 0.441), 1),
        3.08,
        41_943_040L,
        new TransformReport.Accuracy("top1", 0.9078, 0.9074, 0.04, 5000),
        List.of(new TransformReport.Layer("conv-1", "Conv", "static", 38.7, null)),
        List.of(new TransformReport.DataUse("calibration", "train.npz", 300, "ef56")),
        0.01,
        Double.NaN,
        List.of(
            new TransformReport.StoredWeight(
                "w", "int8", 4096, 0.9, 16, null, "symbols", 500, 470, 0.98, 1.5)),
        new RunEnergy(
            EnergyReading.Kind.MEASURED,
            512.5,
            null,
            null,
            26.5,
            "rapl",
            List.of("package-0"),
            "the processor packages",
            null,
            null),
        List.of("a note"),
        List.of("a warning"));
  }
}
