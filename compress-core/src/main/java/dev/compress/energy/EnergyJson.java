package dev.compress.energy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.compress.metric.Interval;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A reading as the JSON object that reports hold. Of {@code energy_j} and {@code
 * energy_estimated_j} the one that does not fit the kind is null; so is all that is unknown.
 * Estimates are given with two significant figures.
 *
 * @param kind MEASURED, ESTIMATED or UNAVAILABLE
 * @param energyJ a sample, total
 * @param energyNetJ a sample, net of idle
 * @param energyEstimatedJ a sample, by a model
 * @param ci95 of the total
 * @param netCi95 of the net
 * @param expandedUncertaintyJ of the total
 * @param estimatedRangeJ the estimate's low and high end
 * @param source the meter's name
 * @param sourceTitle the meter in words
 * @param domains what was summed
 * @param idleW the idle baseline
 * @param idleDriftW after minus before
 * @param quantumJ the sensor's smallest step
 * @param updatePeriodS between two changes of the sensor
 * @param aligned whether windows began and ended on a change
 * @param windows that counted
 * @param windowsRejected that were disturbed
 * @param windowS their mean length
 * @param inferences samples in those that counted
 * @param stable whether the interval is as narrow as was asked for
 * @param scope what the number holds
 * @param model the estimate's model
 * @param reason why it is unknown
 * @param warnings what a reader should know
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record EnergyJson(
    EnergyReading.Kind kind,
    @Nullable Double energyJ,
    @Nullable Double energyNetJ,
    @Nullable Double energyEstimatedJ,
    @Nullable List<Double> ci95,
    @Nullable List<Double> netCi95,
    @Nullable Double expandedUncertaintyJ,
    @Nullable List<Double> estimatedRangeJ,
    @Nullable String source,
    @Nullable String sourceTitle,
    List<String> domains,
    @Nullable Double idleW,
    @Nullable Double idleDriftW,
    @Nullable Double quantumJ,
    @Nullable Double updatePeriodS,
    @Nullable Boolean aligned,
    @Nullable Integer windows,
    @Nullable Integer windowsRejected,
    @Nullable Double windowS,
    @Nullable Long inferences,
    @Nullable Boolean stable,
    @Nullable String scope,
    @Nullable String model,
    @Nullable String reason,
    List<String> warnings) {
  private static final MathContext TWO_FIGURES = new MathContext(2, RoundingMode.HALF_EVEN);

  /**
   * A reading's object.
   *
   * @param reading any kind
   */
  public static EnergyJson of(EnergyReading reading) {
    if (reading instanceof Measured measured) {
      return of(measured);
    }
    if (reading instanceof Estimated estimated) {
      return of(estimated);
    }
    return unknown(EnergyReading.Kind.UNAVAILABLE, ((Unavailable) reading).reason(), reading);
  }

  private static EnergyJson of(Measured m) {
    Measured.Idle idle = m.idle();
    Provenance from = m.provenance();
    return new EnergyJson(
        EnergyReading.Kind.MEASURED,
        m.joules(),
        idle == null ? null : idle.netJoules(),
        null,
        ends(m.ci95()),
        idle == null ? null : ends(idle.netCi95()),
        m.expandedUncertaintyJoules(),
        null,
        from.source(),
        from.title(),
        from.domains(),
        idle == null ? null : idle.watts(),
        idle == null ? null : idle.driftWatts(),
        from.sensor().quantumJoules(),
        finite(from.sensor().updatePeriodSeconds()),
        from.sensor().aligned(),
        from.windows().count(),
        from.windows().rejected(),
        from.windows().seconds(),
        from.windows().inferences(),
        m.stable(),
        from.scope(),
        null,
        null,
        m.warnings());
  }

  private static EnergyJson of(Estimated e) {
    return new EnergyJson(
        EnergyReading.Kind.ESTIMATED,
        null,
        null,
        twoFigures(e.centralJoules()),
        null,
        null,
        null,
        List.of(twoFigures(e.lowJoules()), twoFigures(e.highJoules())),
        null,
        null,
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        e.inferences(),
        null,
        e.scope(),
        e.model(),
        null,
        e.warnings());
  }

  private static EnergyJson unknown(EnergyReading.Kind kind, String reason, EnergyReading reading) {
    return new EnergyJson(
        kind,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        reason,
        reading.warnings());
  }

  private static List<Double> ends(Interval interval) {
    return List.of(interval.low(), interval.high());
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? (Double) value : null;
  }

  /** Rounds to two significant figures, as an estimate is told. */
  public static double twoFigures(double value) {
    return Double.isFinite(value) ? new BigDecimal(value).round(TWO_FIGURES).doubleValue() : value;
  }
}
