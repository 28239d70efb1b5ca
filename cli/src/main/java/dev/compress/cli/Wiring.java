package dev.compress.cli;

import dev.compress.Compress;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.energy.RunAccount;
import dev.compress.energy.RunMeter;
import dev.compress.energy.TimeSource;
import dev.compress.evaluation.energy.CpuTimeAccount;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.evaluation.energy.EnergySources;
import dev.compress.evaluation.report.HtmlDistillReport;
import dev.compress.evaluation.report.HtmlTransformReport;
import dev.compress.inspect.ModelInspection;
import dev.compress.inspect.ModelInspector;
import dev.compress.progress.Progress;
import dev.compress.report.DistillReport;
import dev.compress.report.TransformReport;
import dev.compress.report.UnpackReport;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What the commands drive. {@link #ofModules()} is the only place that constructs adapters to other
 * modules; each is made when it is first asked for, so that a help text loads none.
 *
 * @param engine transforms models
 * @param html makes a web page of a report
 * @param distillHtml makes one of a training's
 * @param inspector looks at models
 * @param unpacker puts packed weights back
 * @param samples the embedded models
 * @param distillers trains models
 */
record Wiring(
    Supplier<TransformEngine> engine,
    Function<TransformReport, String> html,
    Function<DistillReport, String> distillHtml,
    Inspector inspector,
    Unpacker unpacker,
    Supplier<SampleCatalog> samples,
    Supplier<Distiller> distillers) {
  /** Looks at a model. */
  interface Inspector {
    /**
     * Looks at a model.
     *
     * @param model a file, or sample:NAME
     * @param threads of the run that shows its kernels; 0 for all cores
     * @param progress told how far it has come
     */
    ModelInspection inspect(String model, int threads, Progress progress);
  }

  /** Puts packed weights back. */
  interface Unpacker {
    /**
     * Unpacks a model.
     *
     * @param model its file
     * @param output the file to write
     * @param overwrite whether an existing one is replaced
     * @param progress told how far it has come
     */
    UnpackReport unpack(Path model, Path output, boolean overwrite, Progress progress);
  }

  /** The real modules. */
  static Wiring ofModules() {
    return new Wiring(
        () -> new DoorEngine(catalog(), Wiring::account),
        HtmlTransformReport::of,
        HtmlDistillReport::of,
        (model, threads, progress) ->
            ModelInspector.inspect(catalog().modelFile(model), threads, progress),
        Compress::unpack,
        Wiring::catalog,
        DoorDistiller::new);
  }

  /** By the machine's own sensor; where there is none, by processor time, labelled as such. */
  static Optional<RunAccount> account(EnergyChoice choice) {
    return choice.isNone()
        ? Optional.empty()
        : EnergySources.ofThisMachine(EnergyMeterProvider.Request.cpu())
            .open(choice)
            .<RunAccount>map(meter -> new RunMeter(meter, TimeSource.system()))
            .or(() -> Optional.of(CpuTimeAccount.ofThisProcess()));
  }

  private static SampleCatalog catalog() {
    return new EmbeddedSamples();
  }
}
