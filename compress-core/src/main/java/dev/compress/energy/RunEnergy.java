package dev.compress.energy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The energy of a whole piece of work, such as a compression, from its beginning to its end:
 * measured is what the meter's domains counted, whatever else the machine did; estimated is what a
 * model makes of the work's own processor time. The one that does not fit the kind is null.
 *
 * @param kind MEASURED, ESTIMATED or UNAVAILABLE
 * @param energyJ total; null unless measured
 * @param energyEstimatedJ by a model, with two significant figures; null unless estimated
 * @param estimatedRangeJ the estimate's low and high end; null unless estimated
 * @param seconds how long it took
 * @param source the meter's name; null unless measured
 * @param domains what was summed
 * @param scope what it holds; null if unknown
 * @param model the estimate's model; null unless estimated
 * @param reason why it is unknown; null if it is known
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record RunEnergy(
    EnergyReading.Kind kind,
    @Nullable Double energyJ,
    @Nullable Double energyEstimatedJ,
    @Nullable List<Double> estimatedRangeJ,
    double seconds,
    @Nullable String source,
    List<String> domains,
    @Nullable String scope,
    @Nullable String model,
    @Nullable String reason) {
  private static final double LARGEST_JOULES = 1e15;

  /**
   * Copies.
   *
   * @throws IllegalArgumentException if kind and numbers do not fit, or cannot be true
   */
  public RunEnergy {
    domains = domains == null ? List.of() : List.copyOf(domains);
    estimatedRangeJ = estimatedRangeJ == null ? null : List.copyOf(estimatedRangeJ);
    boolean estimated = kind == EnergyReading.Kind.ESTIMATED;
    if (kind == null
        || (kind == EnergyReading.Kind.MEASURED) != (energyJ != null)
        || estimated != (energyEstimatedJ != null)
        || estimated != (estimatedRangeJ != null)
        || estimated != (model != null)
        || (kind == EnergyReading.Kind.UNAVAILABLE) != (reason != null)) {
      throw new IllegalArgumentException(
          "A run's energy is measured, or estimated by a model within a range, or unknown for a"
              + " reason");
    }
    check(energyJ);
    check(energyEstimatedJ);
    if (estimatedRangeJ != null && energyEstimatedJ != null) {
      estimatedRangeJ.forEach(RunEnergy::check);
      if (estimatedRangeJ.size() != 2
          || estimatedRangeJ.get(0) > energyEstimatedJ
          || estimatedRangeJ.get(1) < energyEstimatedJ) {
        throw new IllegalArgumentException("An estimate's range must hold it: " + estimatedRangeJ);
      }
    }
  }

  private static void check(@Nullable Double joules) {
    if (joules != null && !(joules >= 0 && joules < LARGEST_JOULES)) {
      throw new IllegalArgumentException("A run cannot take " + joules + " J");
    }
  }

  /**
   * Measured.
   *
   * @param joules over all domains
   * @param seconds how long it took
   * @param meter that counted them
   */
  public static RunEnergy measured(double joules, double seconds, MeterDescription meter) {
    return new RunEnergy(
        EnergyReading.Kind.MEASURED,
        joules,
        null,
        null,
        seconds,
        meter.source(),
        meter.domains(),
        meter.scope(),
        null,
        null);
  }

  /**
   * Estimated.
   *
   * @param whole the estimate of the work as one sample
   * @param seconds how long it took
   */
  public static RunEnergy estimated(Estimated whole, double seconds) {
    return new RunEnergy(
        EnergyReading.Kind.ESTIMATED,
        null,
        EnergyJson.twoFigures(whole.centralJoules()),
        List.of(
            EnergyJson.twoFigures(whole.lowJoules()), EnergyJson.twoFigures(whole.highJoules())),
        seconds,
        null,
        List.of(),
        whole.scope(),
        whole.model(),
        null);
  }

  /** Unknown. */
  public static RunEnergy unavailable(double seconds, String reason) {
    return new RunEnergy(
        EnergyReading.Kind.UNAVAILABLE,
        null,
        null,
        null,
        seconds,
        null,
        List.of(),
        null,
        null,
        reason);
  }
}
