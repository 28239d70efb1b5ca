package dev.compress.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.compress.energy.RunEnergy;
import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The saved JSON report of the transformation, or of the training, that made a model.
 *
 * @param file where it lies
 * @param outputSha256 of the model that it made
 * @param inputSha256 of the model that it was made from; empty if it does not say
 * @param inputPath where that was; empty if it does not say
 * @param energy what the work itself took; empty if it was not accounted for
 * @param layers what it says of layers
 * @param steps what was done, in order, in a word or two each
 */
record TransformReportFile(
    Path file,
    String outputSha256,
    Optional<String> inputSha256,
    Optional<String> inputPath,
    Optional<RunEnergy> energy,
    List<JsonNode> layers,
    List<String> steps) {
  private static final String SCHEMAS = "compress.";

  /** A report of a transformation of the largest models is far smaller. */
  private static final int LARGEST_BYTES = 32 << 20;

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  TransformReportFile {
    layers = List.copyOf(layers);
    steps = List.copyOf(steps);
  }

  /**
   * Reads a report that somebody named.
   *
   * @throws InvalidDataException if it is none; the message names the file
   * @throws ReadWriteException if it cannot be read
   */
  static TransformReportFile read(Path file) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(LARGEST_BYTES + 1);
    } catch (java.nio.file.NoSuchFileException e) {
      throw new ReadWriteException("No such file: " + file + ". Check the path.", e);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot read " + file + ": " + IoReason.of(e) + ". Check the path and its rights.", e);
    }
    if (bytes.length > LARGEST_BYTES) {
      throw malformed(file, "it is over 32 MiB");
    }
    try {
      return of(file, JSON.readTree(bytes));
    } catch (IOException e) {
      throw malformed(file, "it is no JSON");
    }
  }

  private static TransformReportFile of(Path file, JsonNode tree) {
    String schema = tree.path("schema").asText("");
    String output = tree.at("/output/sha256").asText("");
    if (!schema.startsWith(SCHEMAS) || output.isEmpty()) {
      throw malformed(
          file, schema.startsWith(SCHEMAS) ? "it names no output" : "it has no schema of compress");
    }
    List<JsonNode> layers = new ArrayList<>();
    tree.path("layers").forEach(layers::add);
    JsonNode energy = tree.path("energy");
    try {
      return new TransformReportFile(
          file,
          output,
          text(tree.at("/input/sha256")),
          text(tree.at("/input/path")),
          energy.isObject()
              ? Optional.of(JSON.treeToValue(energy, RunEnergy.class))
              : Optional.empty(),
          layers,
          TransformSteps.of(tree));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw malformed(file, "its energy cannot be true");
    }
  }

  private static Optional<String> text(JsonNode node) {
    return node.isTextual() && !node.textValue().isEmpty()
        ? Optional.of(node.textValue())
        : Optional.empty();
  }

  private static InvalidDataException malformed(Path file, String why) {
    return new InvalidDataException(
        file
            + " is no report of a transformation: "
            + why
            + ". Write one with compress ... --report x.json.");
  }

  /**
   * The report beside a model, if there is one of exactly this file.
   *
   * @param model {@code x.json} or {@code x.onnx.json} beside {@code x.onnx} is its report
   * @param sha256 of the model
   */
  static Optional<TransformReportFile> beside(Path model, String sha256) {
    String name = String.valueOf(model.getFileName());
    String stem = name.endsWith(".onnx") ? name.substring(0, name.length() - 5) : name;
    for (String candidate : List.of(stem + ".json", name + ".json")) {
      Path report = model.resolveSibling(candidate);
      if (Files.isRegularFile(report)) {
        try {
          TransformReportFile found = read(report);
          if (found.outputSha256().equals(sha256)) {
            return Optional.of(found);
          }
        } catch (InvalidDataException | ReadWriteException e) {
          // Unreadable or somebody else's file: what it might say is left out, not guessed.
        }
      }
    }
    return Optional.empty();
  }
}
