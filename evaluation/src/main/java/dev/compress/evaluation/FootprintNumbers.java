package dev.compress.evaluation;

import dev.compress.evaluation.energy.Footprint;
import org.jspecify.annotations.Nullable;

/**
 * Carbon and cost as a report holds them: what is measured and what is estimated never in one
 * field.
 *
 * @param carbonG grams of CO2 equivalents that follow from a measured energy
 * @param carbonEstimatedG the same of an estimate, two figures
 * @param cost in the price's currency, of a measured energy
 * @param costEstimated the same of an estimate, two figures
 */
record FootprintNumbers(
    @Nullable Double carbonG,
    @Nullable Double carbonEstimatedG,
    @Nullable Double cost,
    @Nullable Double costEstimated) {
  static FootprintNumbers of(Footprint footprint) {
    if (footprint instanceof Footprint.OfMeasured m) {
      return new FootprintNumbers(m.grams(), null, m.cost(), null);
    }
    if (footprint instanceof Footprint.OfEstimated e) {
      return new FootprintNumbers(
          null,
          RowParts.twoFigures(e.central().estimatedGrams()),
          null,
          RowParts.twoFigures(e.central().estimatedCost()));
    }
    return new FootprintNumbers(null, null, null, null);
  }
}
