package dev.compress.train;

import dev.compress.graph.OnnxModel;
import dev.compress.train.FakeQuantization.Scale;
import java.util.List;
import java.util.Map;

/**
 * What a training left.
 *
 * @param model the one that was best on the selection data; as it came where no epoch was finished
 * @param summary how it came about
 * @param scales the steps of its fake quantization by name, those of the best model too
 */
public record TrainingResult(
    OnnxModel model, TrainingSummary summary, Map<String, List<Float>> scales) {
  /** Copies. */
  public TrainingResult {
    scales = Map.copyOf(scales);
  }

  /** What a step became; what it was where it was not learned. */
  float[] scale(Scale of) {
    List<Float> learned = scales.getOrDefault(of.name(), of.initial());
    float[] steps = new float[learned.size()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = learned.get(i);
    }
    return steps;
  }
}
