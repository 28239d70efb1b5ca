package dev.compress.cli;

import dev.compress.cli.console.Terminal;
import dev.compress.cli.console.TerminalProgress;
import dev.compress.cli.text.EvaluationText;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.ReadWriteException;
import dev.compress.evaluation.DevicePlan;
import dev.compress.evaluation.Evaluation;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReports;
import dev.compress.evaluation.EvaluationSettings;
import dev.compress.evaluation.Gates;
import dev.compress.evaluation.Variant;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.energy.EnergySettings;
import dev.compress.evaluation.energy.Footprint;
import dev.compress.evaluation.energy.GridIntensity;
import dev.compress.evaluation.report.HtmlEvaluationReport;
import dev.compress.evaluation.report.JunitEvaluationReport;
import dev.compress.evaluation.report.MarkdownEvaluationReport;
import dev.compress.progress.Progress;
import dev.compress.runtime.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** One run of {@code compress evaluate}, from checked options to printed and written reports. */
final class EvaluateJob {
  private static final List<String> EXTENSIONS = List.of(".json", ".html", ".md", ".xml");
  private static final int FEWEST_ROUNDS = 5;
  private static final int MOST_ROUNDS = 30;

  private final CompressCommand root;
  private final EvaluateOptions options;
  private final List<String> models;
  private final Terminal terminal;

  /**
   * A job.
   *
   * @param root the common options
   * @param options of the command
   * @param models files, or sample:NAME
   */
  EvaluateJob(CompressCommand root, EvaluateOptions options, List<String> models) {
    this.root = root;
    this.options = options;
    this.models = models;
    this.terminal = root.terminal();
  }

  /** Does it; returns the exit code. */
  int run() {
    return options.merge ? merge() : measure();
  }

  private int merge() {
    options
        .ofMeasurement()
        .ifPresent(
            option -> {
              throw new UsageException(
                  "--merge shows saved reports and measures nothing: "
                      + option
                      + " has no meaning with it.");
            });
    if (models.isEmpty()) {
      throw new UsageException(
          "Which reports? Write: compress evaluate --merge a.json b.json --report fleet.html");
    }
    checkReports();
    Gates gates = gates();
    List<EvaluationReport> saved = new ArrayList<>();
    Set<Path> seen = new HashSet<>();
    for (String file : models) {
      if (!seen.add(Path.of(file).toAbsolutePath().normalize())) {
        throw new UsageException(file + " is given twice. Name each report once.");
      }
      saved.add(EvaluationReports.read(Path.of(file)));
    }
    EvaluationReport merged = EvaluationReports.merge(saved);
    if (!gates.isEmpty() && merged.variants().stream().allMatch(v -> v.vsBaseline() == null)) {
      throw new UsageException(
          "A gate compares with a baseline, and no report has a variant beside its baseline."
              + " Evaluate both on each machine, or leave the gates out.");
    }
    return finish(EvaluationReports.holding(merged, gates));
  }

  private int measure() {
    EvaluationSettings settings = settings();
    Gates gates = gates();
    checkOptions();
    List<Variant> variants = variants();
    if (!gates.isEmpty() && variants.size() < 2) {
      throw new UsageException(
          "A gate compares with a baseline, and there is one model only. Name the baseline first,"
              + " then the variants: compress evaluate float.onnx int8.onnx --max-drop 0.5");
    }
    root.workingOn(variants.get(0).file().toString());
    EvaluationReport report;
    try (Dataset data = data();
        TerminalProgress progress =
            new TerminalProgress(terminal, root.standard.quiet, root.cancelled())) {
      report = evaluate(variants, data, settings, gates, progress);
    }
    return finish(report);
  }

  private int finish(EvaluationReport report) {
    return Publication.publish(
        options.reports,
        file -> print(report, file.toString().toLowerCase(Locale.ROOT)),
        failure(report),
        failure -> show(report, failure),
        terminal,
        root.standard.noColor);
  }

  private Gates gates() {
    try {
      return new Gates(options.maxDrop, options.maxLatencyRatio, options.maxEnergyRatio);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + e.getMessage() + ".");
    }
  }

  private EvaluationReport evaluate(
      List<Variant> variants,
      Dataset data,
      EvaluationSettings settings,
      Gates gates,
      Progress progress) {
    return Evaluation.of(variants, data)
        .with(settings)
        .on(devices())
        .holding(gates)
        .metering(energy())
        .reportingTo(progress)
        .run();
  }

  private EvaluationSettings settings() {
    EvaluationSettings usual = EvaluationSettings.usual();
    int most = options.rounds == null ? MOST_ROUNDS : options.rounds;
    if (most < FEWEST_ROUNDS || most > MOST_ROUNDS) {
      throw new UsageException("--rounds must be 5 to 30, not " + most + ".");
    }
    double window = options.minWindow == null ? usual.windowSeconds() : options.minWindow;
    double warmup =
        options.warmup == null ? (options.quick ? 2 : usual.warmupSeconds()) : options.warmup;
    try {
      return new EvaluationSettings(
          options.threads == null ? usual.threads() : options.threads,
          options.batch == null ? usual.batch() : options.batch,
          warmup,
          window,
          FEWEST_ROUNDS,
          options.quick && options.rounds == null ? FEWEST_ROUNDS : most,
          options.seed == null ? usual.seed() : options.seed);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + e.getMessage() + ".");
    }
  }

  private EnergyPlan energy() {
    long seed = options.seed == null ? 0 : options.seed;
    EnergySettings settings =
        options.quick ? EnergySettings.quick(seed) : EnergySettings.usual(seed);
    if (options.minWindow != null) {
      settings = settings.withMinWindowSeconds(options.minWindow);
    }
    if (options.warmup != null) {
      settings = settings.withLongestWarmupSeconds(options.warmup);
    }
    if (options.rounds != null) {
      settings = settings.withRounds(FEWEST_ROUNDS, options.rounds);
    }
    return new EnergyPlan(
        TransformJob.energy(options.energy),
        options.requireMeasured,
        settings,
        rates(),
        options.transformReports);
  }

  private Footprint.Rates rates() {
    try {
      return new Footprint.Rates(
          options.carbon == null ? null : GridIntensity.parse(options.carbon),
          options.pue == null ? 1 : options.pue,
          options.price);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--carbon, --pue, --price: " + e.getMessage());
    }
  }

  private void checkOptions() {
    if (models.isEmpty()) {
      throw new UsageException(
          "Which models? Write: compress evaluate MODEL VARIANT... --data PATH");
    }
    if (options.data == null && Samples.name(models.get(0)).isEmpty()) {
      throw new UsageException(
          "Which data? Name it with --data PATH: labelled for accuracy, or without labels to"
              + " compare outputs.");
    }
    devices();
    checkReports();
  }

  private DevicePlan devices() {
    List<Device> devices = new ArrayList<>();
    for (String device : options.devices.isEmpty() ? List.of("cpu") : options.devices) {
      try {
        devices.add(Device.parse(device));
      } catch (IllegalArgumentException e) {
        throw new UsageException(
            "--device knows cpu, cuda[:N] and tensorrt[:N], not " + device + ".");
      }
    }
    if (options.natives != null && devices.stream().noneMatch(Device::isGpu)) {
      throw new UsageException(
          "--natives names libraries for GPUs: say which with --device cuda or --device tensorrt.");
    }
    try {
      return new DevicePlan(devices, Optional.ofNullable(options.natives));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--device: " + e.getMessage() + ".");
    }
  }

  private void checkReports() {
    for (Path report : options.reports) {
      String name = report.toString().toLowerCase(Locale.ROOT);
      if (EXTENSIONS.stream().noneMatch(name::endsWith)) {
        throw new UsageException(
            "--report "
                + report
                + ": the name must end in "
                + String.join(" or ", EXTENSIONS)
                + ".");
      }
      Path folder = report.toAbsolutePath().getParent();
      if (folder == null || !Files.isDirectory(folder)) {
        throw new ReadWriteException(
            "Cannot write " + report + ": the folder does not exist. Create it first.");
      }
    }
  }

  private List<Variant> variants() {
    List<String> ordered = new ArrayList<>();
    if (options.baseline != null) {
      ordered.add(options.baseline);
    }
    models.stream().filter(m -> !m.equals(options.baseline)).forEach(ordered::add);
    Set<String> seen = new HashSet<>();
    for (String model : ordered) {
      if (!seen.add(model)) {
        throw new UsageException(model + " is given twice. Name each variant once.");
      }
      if (Samples.name(model).isEmpty() && !Files.exists(Path.of(model))) {
        throw new ReadWriteException("No such file: " + model + ". Check the path.");
      }
    }
    List<String> names = VariantNames.of(ordered);
    List<Variant> variants = new ArrayList<>();
    for (int i = 0; i < ordered.size(); i++) {
      Path file = root.wiring().samples().get().modelFile(ordered.get(i));
      variants.add(new Variant(names.get(i), file));
    }
    return variants;
  }

  private Dataset data() {
    String named = options.data == null ? models.get(0) : options.data;
    if (Samples.name(named).isPresent()) {
      return root.wiring().samples().get().testData(named);
    }
    Path path = Path.of(named);
    return options.dataConfig == null
        ? Dataset.open(path)
        : Dataset.open(path, DataDescriptor.read(options.dataConfig));
  }

  private static Optional<Failure> failure(EvaluationReport report) {
    List<String> failed =
        report.gates().stream()
            .filter(g -> !g.passed())
            .map(
                g ->
                    g.value() == null
                        ? g.variant() + ": " + g.name() + " could not be judged: " + g.reason()
                        : String.format(
                            Locale.ROOT,
                            "%s: %s is %.4g, over the limit of %.4g",
                            g.variant(),
                            g.name(),
                            g.value(),
                            g.limit()))
            .toList();
    if (!failed.isEmpty()) {
      return Optional.of(
          new Failure(
              ExitCode.GATE,
              "A gate failed: " + String.join("; ", failed) + ".",
              "",
              "The report has the intervals."));
    }
    List<EvaluationReport.Row> died =
        report.variants().stream().filter(v -> v.error() != null).toList();
    if (died.isEmpty()) {
      return Optional.empty();
    }
    String which =
        died.size() == report.variants().size()
            ? "No variant could be measured: "
            : died.size() + " of " + report.variants().size() + " rows failed: ";
    return Optional.of(
        new Failure(
            ExitCode.INVALID,
            which + died.get(0).name() + ": " + died.get(0).error() + ".",
            died.get(0).name(),
            "Try `compress inspect` on it; what the others gave is in the report."));
  }

  private void show(EvaluationReport report, Optional<Failure> failure) {
    StandardOptions standard = root.standard;
    if (standard.json) {
      terminal.out().print(failure.map(f -> Json.print(report, f)).orElse(Json.print(report)));
    } else if (!standard.quiet) {
      new EvaluationText(terminal.style(standard.noColor), terminal.width())
          .lines(report)
          .forEach(terminal::println);
    }
  }

  private static String print(EvaluationReport report, String fileName) {
    if (fileName.endsWith(".html")) {
      return HtmlEvaluationReport.of(report);
    }
    if (fileName.endsWith(".md")) {
      return MarkdownEvaluationReport.of(report);
    }
    return fileName.endsWith(".xml") ? JunitEvaluationReport.of(report) : Json.print(report);
  }
}
