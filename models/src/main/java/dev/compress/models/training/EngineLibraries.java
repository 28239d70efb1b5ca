package dev.compress.models.training;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.models.autograd.UnsupportedNode;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether the libraries that compute gradients are there, and whether they can take a model. */
final class EngineLibraries {
  private static final String ENGINE = "ai.djl.pytorch.engine.PtEngine";
  private static final String NATIVES = "native/lib/pytorch.properties";
  private static final String REMEDY =
      "Build the full one from the sources (./mvnw -B -Pfull -DskipTests package gives"
          + " cli/target/compress-*-full.tar.gz), or use ./compress there (Linux x64).";

  private EngineLibraries() {}

  /** What is missing, with the remedy; empty: nothing. Loads no native library. */
  static Optional<String> missing() {
    ClassLoader loader = EngineLibraries.class.getClassLoader();
    try {
      Class.forName(ENGINE, false, loader);
    } catch (ClassNotFoundException | NoClassDefFoundError e) {
      return Optional.of("This distribution has no library to train with. " + REMEDY);
    }
    return loader.getResource(NATIVES) == null
        ? Optional.of("This distribution has no native library to train with. " + REMEDY)
        : Optional.empty();
  }

  /**
   * Refuses a model with nodes that gradients cannot flow through.
   *
   * @param so what cannot be done, such as "The model cannot be trained"
   * @param advice what to do
   * @throws UnsupportedModelException naming the nodes
   */
  static void requireSupported(OnnxModel model, String so, String advice) {
    List<UnsupportedNode> bad = TrainableGraph.unsupported(model);
    if (!bad.isEmpty()) {
      String first = bad.stream().limit(3).map(Object::toString).collect(Collectors.joining("; "));
      throw new UnsupportedModelException(
          so
              + ": "
              + first
              + (bad.size() > 3 ? "; and " + (bad.size() - 3) + " more nodes" : "")
              + ". "
              + advice);
    }
  }
}
