package dev.compress.evaluation;

import dev.compress.energy.DisturbanceWatch;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.TimeSource;
import dev.compress.energy.Unavailable;
import dev.compress.evaluation.energy.CpuTimeEstimate;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.energy.EnergyProtocol;
import dev.compress.evaluation.energy.EnergyResult;
import dev.compress.evaluation.energy.EstimateRounds;
import dev.compress.evaluation.energy.WindowListener;
import dev.compress.evaluation.energy.Workload;
import dev.compress.evaluation.worker.VariantDied;
import dev.compress.progress.Progress;
import java.util.List;

/**
 * What a sample takes of each variant: by the place's meter, else estimated, where energy was asked
 * for.
 *
 * @param energy what was asked for
 * @param progress told the rounds; asked whether to stop
 */
record EnergyStage(EnergyPlan energy, Progress progress) {
  /**
   * Fills in the readings.
   *
   * @param timed variants that were timed, their processes open and warm
   * @param place where they run, with its meter
   * @param warnings to add to
   */
  void run(List<Contender> timed, PlaceMeters place, List<String> warnings) {
    if (place.meter().isPresent()) {
      meter(timed, place.meter().get(), place.sources().watches(), warnings);
    } else if (!energy.choice().equals(EnergyChoice.NONE)) {
      withoutMeter(timed, place, warnings);
    }
  }

  private void withoutMeter(List<Contender> timed, PlaceMeters place, List<String> warnings) {
    String why = place.sources().whyNone();
    if (place.place().device().isGpu()) {
      warnings.add(why + " The energy of a GPU is not estimated from processor time.");
      timed.forEach(c -> c.reading = new Unavailable(why));
    } else {
      warnings.add(why + " Energies are estimates from processor time.");
      estimate(timed);
    }
  }

  /** In turns, so that what slows the machine down for a while slows all of them. */
  private void estimate(List<Contender> contenders) {
    EstimateRounds rounds = new EstimateRounds(contenders.size());
    double seconds =
        Math.max(
            CpuTimeEstimate.LEAST_SECONDS,
            energy.settings().minWindowSeconds() / EstimateRounds.ROUNDS);
    progress.begin("estimate energy", (long) EstimateRounds.ROUNDS * contenders.size());
    for (int round = 0; round < EstimateRounds.ROUNDS; round++) {
      for (int i : rounds.order(round)) {
        progress.check();
        Contender contender = contenders.get(i);
        if (contender.isAlive()) {
          try {
            rounds.add(
                i,
                CpuTimeEstimate.of(contender.open().process())
                    .estimate(workload(contender), seconds));
          } catch (VariantDied e) {
            contender.failed(e);
          }
        }
        progress.advance(1);
      }
    }
    for (int i = 0; i < contenders.size(); i++) {
      contenders.get(i).reading = rounds.reading(i);
    }
  }

  private Workload workload(Contender contender) {
    return new Workload(
        contender.title(),
        contender.samplesARun,
        runs -> {
          try {
            contender.open().block(runs, Double.MAX_VALUE);
          } catch (VariantDied e) {
            contender.failed(e);
            throw e;
          }
        });
  }

  /** The workloads are the very processes that were timed, on the same inputs. */
  private void meter(
      List<Contender> contenders,
      EnergyMeter meter,
      List<DisturbanceWatch> watches,
      List<String> warnings) {
    if (contenders.isEmpty()) {
      return;
    }
    List<Workload> workloads = contenders.stream().map(this::workload).toList();
    EnergyResult result =
        new EnergyProtocol(
                meter, TimeSource.system(), energy.settings(), watches, WindowListener.NONE)
            .measure(workloads, progress);
    for (int i = 0; i < contenders.size(); i++) {
      Contender contender = contenders.get(i);
      contender.metered = true;
      contender.reading = result.readings().get(i);
      contender.reading.warnings().forEach(w -> warnings.add(contender.title() + ": " + w));
    }
  }
}
