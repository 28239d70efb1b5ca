package dev.compress.models.training;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.compress.train.TrainingSummary.Epoch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How far a training has come: what a checkpoint holds besides arrays. */
final class Position {
  /** Epochs that are finished. */
  @JsonProperty int epoch;

  /** Samples of the present epoch that were used. */
  @JsonProperty int samples;

  /** Steps of all epochs. */
  @JsonProperty long step;

  /** Sum of the losses of the present epoch's steps. */
  @JsonProperty double lossSum;

  /** Steps of the present epoch. */
  @JsonProperty long epochSteps;

  /** Whether the pruning that comes while it trains is over. */
  @JsonProperty boolean pruned;

  /** Epochs since the model got better. */
  @JsonProperty int withoutGain;

  /** The epoch of the best model, counted from 1; 0 for the model as it came. */
  @JsonProperty int bestEpoch;

  /** Its metric; null until it is known. */
  @JsonProperty @Nullable Double best;

  /** The metric of the model as it came; null until it is known. */
  @JsonProperty @Nullable Double before;

  /** What was reported of each finished epoch. */
  @JsonProperty List<Epoch> epochs = new ArrayList<>();

  /** Samples learned from, over all epochs and runs. */
  @JsonProperty long samplesSeen;

  /** Seconds spent on them. */
  @JsonProperty double trainingSeconds;

  /** Seconds of the present epoch. */
  @JsonProperty double epochSeconds;

  /** Seconds of all runs. */
  @JsonProperty double seconds;
}
