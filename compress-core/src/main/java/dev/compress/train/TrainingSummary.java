package dev.compress.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a training went.
 *
 * @param metric what the best epoch was chosen by, such as "top1"; "loss" where the data has none
 * @param epochs one entry an epoch that was finished
 * @param bestEpoch counted from 1; 0 where the model as it came was never bettered
 * @param best the metric of the model that was kept; null where no epoch was finished
 * @param before the metric of the model as it came; null where it was not asked
 * @param speed what it took
 * @param stopped why it ended
 * @param notes sentences for people
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record TrainingSummary(
    String metric,
    List<Epoch> epochs,
    int bestEpoch,
    @Nullable Double best,
    @Nullable Double before,
    Speed speed,
    Stop stopped,
    List<String> notes) {
  /** Copies. */
  public TrainingSummary {
    epochs = List.copyOf(epochs);
    notes = List.copyOf(notes);
  }

  /**
   * One epoch.
   *
   * @param epoch counted from 1
   * @param loss mean over its batches
   * @param value of the metric on the selection data
   * @param learningRate at its end
   * @param seconds how long it took, its selection included
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Epoch(int epoch, double loss, double value, double learningRate, double seconds) {}

  /**
   * What it took.
   *
   * @param steps batches that changed the weights
   * @param samplesPerSecond while it trained, selection left out; null where nothing was trained
   * @param seconds in all
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  public record Speed(long steps, @Nullable Double samplesPerSecond, double seconds) {}

  /**
   * Why it ended.
   *
   * @param reason which
   * @param step the batch, counted from 1, at which the loss was no number; else null
   */
  public record Stop(Reason reason, @Nullable Long step) {
    /** The usual end. */
    public static final Stop FINISHED = new Stop(Reason.FINISHED, null);
  }

  /** Reasons to end. */
  public enum Reason {
    /** All epochs are done. */
    FINISHED,
    /** The metric got no better for as many epochs as {@code --early-stop} allows. */
    EARLY_STOP,
    /** The loss was infinite or no number. */
    DIVERGED,
    /** The caller stopped it. */
    INTERRUPTED;

    /** As the JSON has it, such as "early_stop". */
    @JsonValue
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
