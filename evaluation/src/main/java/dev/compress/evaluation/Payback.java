package dev.compress.evaluation;

import dev.compress.energy.EnergyReading;
import dev.compress.energy.RunEnergy;
import dev.compress.evaluation.EvaluationReport.Compression;
import dev.compress.evaluation.energy.BreakEven;
import dev.compress.evaluation.energy.Footprint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What making a variant took, and after how many samples it is paid back.
 *
 * @param inferences by measurements; null if unknown
 * @param compression everything else that a report says of it
 */
record Payback(@Nullable Long inferences, Compression compression) {
  /**
   * Reckons.
   *
   * @param making the steps and their energy
   * @param baseline a sample's energy before
   * @param variant a sample's energy after
   * @param rates what carbon and money a joule stands for
   */
  static Payback of(
      TransformReports.Making making,
      EnergyReading baseline,
      EnergyReading variant,
      Footprint.Rates rates) {
    RunEnergy spent = making.energy();
    FootprintNumbers footprint = FootprintNumbers.of(rates.of(spent));
    BreakEven even = BreakEven.of(spent, baseline, variant);
    BreakEven.After after = even instanceof BreakEven.After found ? found : null;
    BreakEven.EstimatedAfter estimate =
        even instanceof BreakEven.EstimatedAfter found ? found : null;
    boolean known = spent.kind() != EnergyReading.Kind.UNAVAILABLE;
    return new Payback(
        after == null ? null : (Long) after.inferences(),
        new Compression(
            spent.kind(),
            spent.energyJ(),
            spent.energyEstimatedJ(),
            spent.estimatedRangeJ(),
            known ? (Double) spent.seconds() : null,
            spent.source(),
            spent.model(),
            footprint.carbonG(),
            footprint.carbonEstimatedG(),
            footprint.cost(),
            footprint.costEstimated(),
            making.reports().stream().map(r -> r.file().toString()).toList(),
            after == null ? null : RowParts.ends(after.ci95()),
            estimate == null ? null : (Long) estimate.estimatedInferences(),
            estimate == null ? null : List.of(estimate.low(), estimate.high()),
            even instanceof BreakEven.Never never ? never.reason() : null));
  }
}
