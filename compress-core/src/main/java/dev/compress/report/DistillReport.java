package dev.compress.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.compress.energy.RunEnergy;
import dev.compress.train.TrainingSummary;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a training did: the JSON of schema {@code compress.distill/1}. What is unknown is null, with
 * its reason among the warnings.
 *
 * @param schema its name
 * @param tool which versions did it
 * @param teacher learned from; null where there was none
 * @param student as it came
 * @param output as it was written; null where nothing was
 * @param settings as the options have them
 * @param data which data served which step
 * @param training how it went
 * @param accuracy on data that served no other step; null where none was named
 * @param wallSeconds of everything
 * @param peakRssBytes of this process
 * @param energy that everything took; null where it was not metered
 * @param notes sentences for people
 * @param warnings what a user should look at
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record DistillReport(
    String schema,
    TransformReport.Tool tool,
    @Nullable Model teacher,
    Model student,
    @Nullable Model output,
    Map<String, Object> settings,
    List<TransformReport.DataUse> data,
    TrainingSummary training,
    @Nullable Accuracy accuracy,
    double wallSeconds,
    @Nullable Long peakRssBytes,
    @Nullable RunEnergy energy,
    List<String> notes,
    List<String> warnings) {
  /** The schema's name. */
  public static final String SCHEMA = "compress.distill/1";

  /** Copies. */
  public DistillReport {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    data = List.copyOf(data);
    notes = List.copyOf(notes);
    warnings = List.copyOf(warnings);
  }

  /**
   * A model.
   *
   * @param path its file; of a student that was made of its teacher how
   * @param sha256 of the file; null where there is none
   * @param bytes with external data; null where there is no file
   * @param parameters elements of its weights
   * @param macs multiplications for a sample; null where its shapes are not known
   */
  public record Model(
      String path,
      @Nullable String sha256,
      @Nullable Long bytes,
      long parameters,
      @Nullable Long macs) {}

  /**
   * The final score.
   *
   * @param metric its name
   * @param teacher of the teacher; null where there was none
   * @param before of the student as it came
   * @param output of the student as it was written
   * @param samples scored
   */
  public record Accuracy(
      String metric, @Nullable Double teacher, double before, double output, long samples) {}
}
