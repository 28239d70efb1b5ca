package dev.compress.energy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The energy of a whole piece of work, such as a compression: what the meter's domains counted from
 * its beginning to its end, whatever else the machine did.
 *
 * @param kind MEASURED or UNAVAILABLE, never anything else
 * @param energyJ total; null if unknown
 * @param seconds how long it took
 * @param source the meter's name; null if unknown
 * @param domains what was summed
 * @param scope what it holds; null if unknown
 * @param reason why it is unknown; null if it is known
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record RunEnergy(
    EnergyReading.Kind kind,
    @Nullable Double energyJ,
    double seconds,
    @Nullable String source,
    List<String> domains,
    @Nullable String scope,
    @Nullable String reason) {
  /**
   * Copies.
   *
   * @throws IllegalArgumentException if it is an estimate, or kind and number do not fit
   */
  public RunEnergy {
    domains = List.copyOf(domains);
    boolean measured = kind == EnergyReading.Kind.MEASURED;
    if (kind == EnergyReading.Kind.ESTIMATED
        || measured != (energyJ != null)
        || measured == (reason != null)) {
      throw new IllegalArgumentException("A run's energy is measured, or unknown for a reason");
    }
  }

  /** Unknown. */
  public static RunEnergy unavailable(double seconds, String reason) {
    return new RunEnergy(
        EnergyReading.Kind.UNAVAILABLE, null, seconds, null, List.of(), null, reason);
  }
}
