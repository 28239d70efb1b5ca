package dev.compress.cli;

import dev.compress.DistillJob;
import dev.compress.Distillation;
import dev.compress.energy.RunAccount;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.models.CacheFolder;
import dev.compress.progress.Progress;
import dev.compress.report.DistillReport;
import java.nio.file.Path;
import java.util.Optional;

/** Training through the library's door. */
final class DoorDistiller implements Distiller {
  @Override
  public DistillReport distill(DistillJob job, Progress progress) {
    return Distillation.run(job, progress);
  }

  @Override
  public Path teacherCache() {
    return CacheFolder.locate()
        .orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir"), "compress"))
        .resolve("teachers");
  }

  @Override
  public Optional<RunAccount> account(EnergyChoice choice) {
    return Wiring.account(choice);
  }
}
