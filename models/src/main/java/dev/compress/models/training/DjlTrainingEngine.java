package dev.compress.models.training;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.models.autograd.TrainableGraph;
import dev.compress.models.autograd.UnsupportedNode;
import dev.compress.progress.Progress;
import dev.compress.train.TrainingEngine;
import dev.compress.train.TrainingJob;
import dev.compress.train.TrainingResult;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Training by the PyTorch engine of Deep Java Library, where that is on the class path. */
public final class DjlTrainingEngine implements TrainingEngine {
  private static final String ENGINE = "ai.djl.pytorch.engine.PtEngine";
  private static final String NATIVES = "native/lib/pytorch.properties";
  private static final String REMEDY =
      "Build the full one from the sources (./mvnw -B -Pfull -DskipTests package gives"
          + " cli/target/compress-*-full.tar.gz), or use ./compress there (Linux x64).";

  /** Called by {@link java.util.ServiceLoader}. */
  public DjlTrainingEngine() {}

  @Override
  public Optional<String> missing() {
    ClassLoader loader = DjlTrainingEngine.class.getClassLoader();
    try {
      Class.forName(ENGINE, false, loader);
    } catch (ClassNotFoundException | NoClassDefFoundError e) {
      return Optional.of("This distribution has no library to train with. " + REMEDY);
    }
    return loader.getResource(NATIVES) == null
        ? Optional.of("This distribution has no native library to train with. " + REMEDY)
        : Optional.empty();
  }

  @Override
  public void requireTrainable(OnnxModel model) {
    List<UnsupportedNode> bad = TrainableGraph.unsupported(model);
    if (!bad.isEmpty()) {
      String first = bad.stream().limit(3).map(Object::toString).collect(Collectors.joining("; "));
      throw new UnsupportedModelException(
          "The model cannot be trained: "
              + first
              + (bad.size() > 3 ? "; and " + (bad.size() - 3) + " more nodes" : "")
              + ". Compress it without training, or replace these nodes.");
    }
  }

  @Override
  public TrainingResult train(TrainingJob job, Progress progress) {
    return TrainingRun.of(job, progress).run();
  }
}
