package dev.compress.cli;

import dev.compress.cli.console.Terminal;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The main job, and the root of all commands. */
@Command(
    name = "compress",
    versionProvider = Version.class,
    sortOptions = false,
    synopsisHeading = "Usage: ",
    customSynopsis = {"compress [options] MODEL", "       compress COMMAND [options]"},
    description = {
      "%nMakes a trained ONNX model smaller and faster, writes it beside the input, and proves what"
          + " it did.%n"
    },
    optionListHeading = "%nAny command:%n",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Examples:",
      "  compress --quantize int8 sample:glyphs",
      "  compress --quantize int8 --calibration-data images.npz model.onnx",
      "  compress --prune 0.9 --cluster 16 --quantize int8 model.onnx",
      "  compress --quantize int8 --calibration-data train.npz --data test.npz \\",
      "      --max-drop 0.3 --report report.html model.onnx",
      "",
      "Exit codes: 0 done, 1 a bug, 2 usage, 3 the model or the data is invalid or",
      "unsupported, 4 a device is unavailable, 5 a gate failed, 6 cannot read or write,",
      "130 interrupted."
    })
final class CompressCommand implements Callable<Integer> {
  /** A part of the options: the field that holds it, and what the help puts above it. */
  record Section(String field, String heading) {}

  static final List<Section> SECTIONS =
      List.of(
          new Section("quantize", "%nQuantization:%n"),
          new Section("shrink", "%nPruning, clustering, storage:%n"),
          new Section("data", "%nData and proof:%n"),
          new Section("run", "%nFiles and the run:%n"));

  @Mixin final StandardOptions standard = new StandardOptions();

  // Mixins and not groups of arguments, which would take the parser longer than the rest of a
  // start.
  @Mixin final QuantizeOptions quantize = new QuantizeOptions();
  @Mixin final ShrinkOptions shrink = new ShrinkOptions();
  @Mixin final DataOptions data = new DataOptions();
  @Mixin final RunOptions run = new RunOptions();

  // Required, but not of the parser: it would then be required of every command.
  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description = "An ONNX file, or sample:NAME for an embedded model (compress models).")
  @Nullable String model;

  private final Terminal terminal;
  private final Wiring wiring;
  private final AtomicBoolean cancelled;
  private String where = "";

  CompressCommand(Terminal terminal, Wiring wiring, AtomicBoolean cancelled) {
    this.terminal = terminal;
    this.wiring = wiring;
    this.cancelled = cancelled;
  }

  Terminal terminal() {
    return terminal;
  }

  Wiring wiring() {
    return wiring;
  }

  AtomicBoolean cancelled() {
    return cancelled;
  }

  /** What is being worked on, for errors that do not say it. */
  String where() {
    return where;
  }

  /** Says what is being worked on. */
  void workingOn(String place) {
    where = place;
  }

  @Override
  public Integer call() {
    if (model == null || model.isEmpty()) {
      throw new UsageException("Which model? Write: compress --quantize int8 MODEL");
    }
    workingOn(model);
    return new TransformJob(this, model).run();
  }
}
