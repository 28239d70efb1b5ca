package dev.compress.gradient;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Differentiates a loss by a model's weights; named in {@code META-INF/services}. Its class must
 * load where the libraries that compute gradients are missing.
 */
public interface GradientEngine {
  /** What to say where there is nothing to differentiate on. */
  String NO_SAMPLES =
      "--prune-criterion taylor takes gradients on samples. Give --calibration-data PATH, best with"
          + " labels.";

  /** What keeps it from working here, with the remedy; empty: nothing. Loads no native library. */
  Optional<String> missing();

  /**
   * Refuses what cannot be differentiated, before any work.
   *
   * @throws dev.compress.error.UnsupportedModelException naming the nodes that gradients cannot
   *     flow through
   */
  void requireDifferentiable(OnnxModel model);

  /**
   * Hands on the gradient of each sample's loss, one sample after the other. The loss is a sum over
   * the outputs: of the first, where the samples have labels that fit it, the cross-entropy of the
   * class or the squared error of the values; of every other output the negative logarithm of the
   * probability of a class that is drawn from the model's own probabilities, so that the squares
   * have the Fisher information as their mean; and where an output is no probability, its product
   * with random signs, so that the mean over these of the squares is the sum over its elements of
   * their squared derivatives. The model computes as in inference, and the result depends on the
   * job alone, on no number of threads.
   *
   * @param job what to differentiate by what
   * @param progress told one step a sample; asked whether to stop
   * @param reader takes the gradients
   * @return what was differentiated, for a report
   * @throws dev.compress.error.UnsupportedModelException if a node cannot be differentiated, or no
   *     output holds floats
   * @throws dev.compress.error.InvalidDataException if a label is no class of the model, or the
   *     loss of a sample is no number
   */
  Differentiated differentiate(GradientJob job, Progress progress, SampleGradients reader);

  /**
   * The one on the class path, ready to work.
   *
   * @param samples to differentiate on
   * @throws IllegalArgumentException if there are none
   * @throws DeviceUnavailableException if there is no engine, or something that it needs is missing
   */
  static GradientEngine ready(Optional<?> samples) {
    if (samples.isEmpty()) {
      throw new IllegalArgumentException(NO_SAMPLES);
    }
    GradientEngine engine =
        ServiceLoader.load(GradientEngine.class)
            .findFirst()
            .orElseThrow(
                () ->
                    new DeviceUnavailableException(
                        "Nothing on the class path computes gradients. Add the module"
                            + " compress-models."));
    Optional<String> missing = engine.missing();
    if (missing.isPresent()) {
      throw new DeviceUnavailableException(missing.get());
    }
    return engine;
  }
}
