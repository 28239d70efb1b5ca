package dev.compress.cli;

import dev.compress.DistillJob;
import dev.compress.energy.RunAccount;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.progress.Progress;
import dev.compress.report.DistillReport;
import java.nio.file.Path;
import java.util.Optional;

/** Trains models. */
interface Distiller {
  /** Trains. */
  DistillReport distill(DistillJob job, Progress progress);

  /** Where a teacher's outputs are kept. */
  Path teacherCache();

  /** Keeps account of a run's energy; empty for none. */
  Optional<RunAccount> account(EnergyChoice choice);
}
