package dev.compress.cli;

import dev.compress.cli.console.Terminal;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

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
  @Mixin final StandardOptions standard = new StandardOptions();

  @ArgGroup(exclusive = false, validate = false, heading = "%nQuantization:%n", order = 1)
  final QuantizeOptions quantize = new QuantizeOptions();

  @ArgGroup(
      exclusive = false,
      validate = false,
      heading = "%nPruning, clustering, storage:%n",
      order = 2)
  final ShrinkOptions shrink = new ShrinkOptions();

  @ArgGroup(exclusive = false, validate = false, heading = "%nData and proof:%n", order = 3)
  final DataOptions data = new DataOptions();

  @ArgGroup(exclusive = false, validate = false, heading = "%nFiles and the run:%n", order = 4)
  final RunOptions run = new RunOptions();

  // Required, but not of the parser: it would then be required of every command.
  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description = "An ONNX file, or sample:NAME for an embedded model (compress models).")
  @Nullable String model;

  @Spec @Nullable CommandSpec spec;

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
    refuseRepeated();
    workingOn(model);
    return new TransformJob(this, model).run();
  }

  /** The parser would forget the other options of its group: the output's name, for example. */
  private void refuseRepeated() {
    ParseResult parsed = Objects.requireNonNull(spec).commandLine().getParseResult();
    for (ArgGroupSpec group : parsed.commandSpec().argGroups()) {
      if (parsed.findMatches(group).size() > 1) {
        throw new UsageException(
            "An option was given twice, namely "
                + group.options().stream()
                    .filter(o -> count(parsed, o) > 1)
                    .map(OptionSpec::longestName)
                    .collect(Collectors.joining(", "))
                + ". Give it once.");
      }
    }
  }

  private static long count(ParseResult parsed, OptionSpec option) {
    List<String> names = List.of(option.names());
    return parsed.originalArgs().stream()
        .filter(arg -> names.contains(arg.split("=", 2)[0]))
        .count();
  }
}
