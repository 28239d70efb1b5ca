package dev.compress.onnx;

import dev.compress.graph.OnnxModel;
import java.nio.file.Path;
import java.util.List;

/**
 * A model that was read from a file. Its weights are still in its files: these must stay as they
 * are while the model is in use.
 *
 * @param model the model
 * @param file the model's file
 * @param externalFiles further files that hold its weights, in order of first use; mostly empty
 * @param bytes what the model's file and the external ones take together
 */
public record LoadedModel(OnnxModel model, Path file, List<Path> externalFiles, long bytes) {
  public LoadedModel {
    externalFiles = List.copyOf(externalFiles);
  }

  /** Whether weights lie in files of their own. */
  public boolean hasExternalData() {
    return !externalFiles.isEmpty();
  }
}
