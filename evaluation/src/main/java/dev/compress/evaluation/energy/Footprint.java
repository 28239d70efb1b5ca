package dev.compress.evaluation.energy;

import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.Measured;
import dev.compress.energy.RunEnergy;
import dev.compress.energy.Unavailable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Carbon and money that follow from an energy, of the energy's own kind. */
public sealed interface Footprint {
  /** A million inferences: what prices are told by. */
  double MILLION = 1e6;

  /**
   * Of a measured energy.
   *
   * @param grams of CO2 equivalents, null without a grid
   * @param cost in the price's currency, null without a price
   */
  record OfMeasured(@Nullable Double grams, @Nullable Double cost) implements Footprint {}

  /**
   * Of an estimated energy: told with "~" like it.
   *
   * @param low if every unknown is at its low end
   * @param central in the middle
   * @param high if every unknown is at its high end
   */
  record OfEstimated(EstimatedPart low, EstimatedPart central, EstimatedPart high)
      implements Footprint {}

  /**
   * One end of an estimate.
   *
   * @param estimatedGrams of CO2 equivalents, null without a grid
   * @param estimatedCost in the price's currency, null without a price
   */
  record EstimatedPart(@Nullable Double estimatedGrams, @Nullable Double estimatedCost) {}

  /**
   * Unknown, as the energy is.
   *
   * @param reason why
   */
  record Unknown(String reason) implements Footprint {}

  /**
   * What a joule costs: {@code CO2e = E / 3.6e6 * CI * PUE}.
   *
   * @param grid the electricity's carbon intensity, or null
   * @param pue energy that the building takes for each joule of the machine, at least 1
   * @param pricePerKwh in any currency, or null
   */
  record Rates(@Nullable GridIntensity grid, double pue, @Nullable Double pricePerKwh) {
    private static final double JOULES_PER_KWH = 3.6e6;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public Rates {
      if (!(pue >= 1) || Double.isInfinite(pue)) {
        throw new IllegalArgumentException(
            "A building takes at least what its machines take: PUE must be 1 or more, not " + pue);
      }
      if (pricePerKwh != null && !(pricePerKwh >= 0 && pricePerKwh < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "A kilowatt-hour's price must be 0 or more: " + pricePerKwh);
      }
    }

    /** Kilowatt-hours that the building takes for joules of the machine. */
    public double kilowattHours(double joules) {
      return joules / JOULES_PER_KWH * pue;
    }

    private @Nullable Double grams(double joules) {
      return grid == null ? null : (Double) (kilowattHours(joules) * grid.gramsPerKwh());
    }

    private @Nullable Double cost(double joules) {
      return pricePerKwh == null ? null : (Double) (kilowattHours(joules) * pricePerKwh);
    }

    /** Of one sample. */
    public Footprint of(EnergyReading reading) {
      if (reading instanceof Measured m) {
        return new OfMeasured(grams(m.joules()), cost(m.joules()));
      }
      if (reading instanceof Estimated e) {
        return new OfEstimated(part(e.lowJoules()), part(e.centralJoules()), part(e.highJoules()));
      }
      return new Unknown(((Unavailable) reading).reason());
    }

    private EstimatedPart part(double joules) {
      return new EstimatedPart(grams(joules), cost(joules));
    }

    /**
     * Of a compression or a training: power x time x PUE x grid, the method of Strubell et al. 2019
     * (doi 10.18653/v1/P19-1355).
     */
    public Footprint of(RunEnergy run) {
      Double joules = run.energyJ();
      if (joules != null) {
        return new OfMeasured(grams(joules), cost(joules));
      }
      Double estimated = run.energyEstimatedJ();
      List<Double> range = run.estimatedRangeJ();
      return estimated == null || range == null
          ? new Unknown(String.valueOf(run.reason()))
          : new OfEstimated(part(range.get(0)), part(estimated), part(range.get(1)));
    }
  }
}
