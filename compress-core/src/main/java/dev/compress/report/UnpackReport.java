package dev.compress.report;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;

/**
 * What unpacking a model did: the JSON of schema {@code compress.unpack/1}.
 *
 * @param schema its name
 * @param input the packed model
 * @param output the dense one
 * @param weights the weights that were packed
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record UnpackReport(String schema, ModelFile input, ModelFile output, List<String> weights) {
  /** The schema's name. */
  public static final String SCHEMA = "compress.unpack/1";

  /**
   * A model's file.
   *
   * @param path the file
   * @param sha256 of it
   * @param bytes with external data
   */
  public record ModelFile(String path, String sha256, long bytes) {}

  public UnpackReport {
    weights = List.copyOf(weights);
  }
}
