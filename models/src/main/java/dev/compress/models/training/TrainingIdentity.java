package dev.compress.models.training;

import dev.compress.graph.Initializer;
import dev.compress.tensor.Sha256;
import dev.compress.train.Objective;
import dev.compress.train.TrainingJob;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** By which a checkpoint is known to be of a training. */
final class TrainingIdentity {
  private TrainingIdentity() {}

  /** A hash of model, data and settings; the number of threads does not count. */
  static String of(TrainingJob job) {
    MessageDigest digest = Sha256.digest();
    List<String> parts = new ArrayList<>();
    parts.add(job.data().training().fingerprint());
    parts.add(job.data().selection().fingerprint());
    parts.add(job.settings().epochs() + " " + job.settings().batch());
    parts.add(job.settings().optimizer().toString());
    parts.add(job.settings().learningRate().toString());
    parts.add(job.settings().augmentation().toString());
    parts.add(job.settings().run().seed() + " " + job.settings().run().earlyStop());
    Objective objective = job.objective();
    parts.add(objective.task() + " " + objective.labels() + " " + objective.classWeights());
    objective
        .teaching()
        .ifPresent(
            t -> parts.add(t.temperature() + " " + t.alpha() + " " + t.training().signals()));
    if (!job.structure().groups().isEmpty()) {
      parts.add(new TreeMap<>(job.structure().groups()).toString());
    }
    parts.add(job.structure().rules() + " " + job.structure().quantization());
    job.structure().gradual().ifPresent(g -> parts.add(g.share() + " " + g.how()));
    for (Initializer initializer : job.model().graph().initializers()) {
      parts.add(initializer.name() + initializer.tensor().shape());
      digest.update(initializer.tensor().data().toByteArray());
    }
    for (String part : parts) {
      digest.update(part.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
    return Sha256.hex(digest);
  }
}
