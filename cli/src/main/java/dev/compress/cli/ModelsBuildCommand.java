package dev.compress.cli;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.compress.cli.console.Terminal;
import dev.compress.cli.console.TerminalProgress;
import dev.compress.error.CancelledException;
import dev.compress.evaluation.report.Quantity;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.Architecture;
import dev.compress.models.architecture.BuildSettings;
import dev.compress.models.architecture.ImageSize;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.onnx.WrittenModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a reference architecture with random weights. */
@Command(
    name = "build",
    sortOptions = false,
    description = {
      "Write a reference architecture with random weights, to train or to measure with. The same"
          + " seed gives the same file."
    })
final class ModelsBuildCommand implements Callable<Integer> {
  private static final String SCHEMA = "compress.model-build/1";

  private final CompressCommand root;

  @Parameters(
      paramLabel = "NAME",
      completionCandidates = Choices.Architectures.class,
      description = "What to build; compress models lists them.")
  String name = "";

  @Option(
      names = {"-o", "--output"},
      order = 1,
      paramLabel = "FILE",
      description =
          "The model to write; weights over 2 GB go to a file beside it. Default: NAME.onnx in"
              + " this folder.")
  @Nullable Path output;

  @Option(
      names = "--seed",
      order = 2,
      paramLabel = "N",
      description = "Of the random weights. Default: 0.")
  long seed;

  @Option(
      names = "--classes",
      order = 3,
      paramLabel = "N",
      description = "Number of logits. Default: as published.")
  @Nullable Integer classes;

  @Option(
      names = "--width",
      order = 4,
      paramLabel = "F",
      description = "Factor of all channels, of the convolutional ones. Default: 1.")
  @Nullable Double width;

  @Option(
      names = "--image",
      order = 5,
      paramLabel = "CxHxW",
      description = "Channels, height and width of the images, as 3x32x32. Default: as published.")
  @Nullable String image;

  @Option(
      names = "--vocabulary",
      order = 6,
      paramLabel = "N",
      description = "Number of tokens, of those that read text. Default: 2000.")
  @Nullable Integer vocabulary;

  @Option(
      names = "--force",
      order = 7,
      description = "Replace an existing output. Default: it is an error.")
  boolean force;

  ModelsBuildCommand(CompressCommand root) {
    this.root = root;
  }

  /**
   * What was written; the JSON of schema {@code compress.model-build/1}.
   *
   * @param architecture its name
   * @param seed of its weights
   * @param parameters elements of its floating-point weights
   * @param output the file
   * @param wallSeconds how long it took
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  private record Built(
      String schema,
      String architecture,
      long seed,
      long parameters,
      Output output,
      double wallSeconds) {}

  /**
   * A model's file.
   *
   * @param bytes external data included
   * @param data the external data's file, or null
   */
  private record Output(String path, String sha256, long bytes, @Nullable String data) {}

  @Override
  public Integer call() {
    long start = System.nanoTime();
    Architecture architecture =
        Architecture.of(name)
            .orElseThrow(
                () ->
                    new UsageException(
                        "There is no architecture " + name + "; there are " + known() + "."));
    Path file = output == null ? Path.of(name + ".onnx") : output;
    root.workingOn(file.toString());
    WritableFile.require(file);
    Terminal terminal = root.terminal();
    StandardOptions standard = root.standard;
    OnnxModel model;
    WrittenModel written;
    try (TerminalProgress progress =
        new TerminalProgress(terminal, standard.quiet, root.cancelled())) {
      model = build(architecture);
      written = OnnxWriter.write(model, file, WriteSettings.DEFAULT.withForce(force), progress);
    } catch (CancelledException e) {
      throw new CancelledException("Interrupted; nothing was written.", e);
    }
    Built built =
        new Built(
            SCHEMA,
            name,
            seed,
            parameters(model),
            new Output(
                file.toString(),
                written.sha256(),
                written.bytes(),
                written.data().map(d -> d.file().toString()).orElse(null)),
            (System.nanoTime() - start) / 1e9);
    if (standard.json) {
      terminal.out().print(Json.print(built));
    } else if (!standard.quiet) {
      terminal.println(
          built.output().path()
              + ": "
              + Quantity.bytes(built.output().bytes())
              + ", "
              + Quantity.shortCount(built.parameters())
              + " random parameters, seed "
              + seed
              + ", in "
              + Quantity.seconds(built.wallSeconds()));
    }
    return ExitCode.DONE;
  }

  private OnnxModel build(Architecture architecture) {
    try {
      return architecture.build(
          seed,
          new BuildSettings(
              classes == null ? OptionalInt.empty() : OptionalInt.of(classes),
              width == null ? OptionalDouble.empty() : OptionalDouble.of(width),
              Optional.ofNullable(image).map(ImageSize::parse),
              vocabulary == null ? OptionalInt.empty() : OptionalInt.of(vocabulary)));
    } catch (IllegalArgumentException e) {
      throw new UsageException("Cannot build that: " + e.getMessage() + ".");
    }
  }

  private static long parameters(OnnxModel model) {
    return model.graph().initializers().stream()
        .map(Initializer::tensor)
        .filter(tensor -> tensor.type().isFloatingPoint())
        .mapToLong(tensor -> tensor.elementCount())
        .sum();
  }

  private static String known() {
    return Arrays.stream(Architecture.values())
        .map(Architecture::id)
        .collect(Collectors.joining(", "));
  }
}
