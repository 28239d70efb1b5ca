package dev.compress.energy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Several meters as one, for example a GPU's and its host processor's. They must count different
 * things; the total is the sum. Only counters can be joined: their marks are taken at one instant.
 */
public final class CompositeMeter implements EnergyMeter {
  private final List<EnergyMeter> meters;
  private final MeterDescription description;

  /**
   * Joins meters, which this one then closes.
   *
   * @param meters of kind {@link MeterTraits.Kind#COUNTER}
   * @throws IllegalArgumentException if there is none, or one is a meter of power
   */
  public CompositeMeter(List<EnergyMeter> meters) {
    this.meters = List.copyOf(meters);
    List<String> domains = new ArrayList<>();
    double resolution = Double.POSITIVE_INFINITY;
    double quantum = 0;
    double plausible = 0;
    double unread = Double.POSITIVE_INFINITY;
    for (EnergyMeter meter : meters) {
      MeterTraits traits = meter.description().traits();
      if (traits.kind() != MeterTraits.Kind.COUNTER) {
        throw new IllegalArgumentException(
            "Only counters can be joined: " + meter.description().title());
      }
      domains.addAll(meter.description().domains());
      resolution = Math.min(resolution, traits.resolutionJoules());
      quantum = Math.max(quantum, traits.quantumJoules());
      plausible = Math.max(plausible, traits.highestPlausibleWatts());
      unread = Math.min(unread, traits.longestUnreadSeconds());
    }
    if (domains.size() != domains.stream().distinct().count()) {
      throw new IllegalArgumentException("A domain would be counted twice: " + domains);
    }
    this.description =
        new MeterDescription(
            joined("+", m -> m.description().source()),
            joined(" and ", m -> m.description().title()),
            domains,
            joined("; ", m -> m.description().scope()),
            new MeterTraits(MeterTraits.Kind.COUNTER, resolution, quantum, 0, plausible, unread));
  }

  private String joined(String between, java.util.function.Function<EnergyMeter, String> text) {
    return meters.stream().map(text).collect(Collectors.joining(between));
  }

  @Override
  public MeterDescription description() {
    return description;
  }

  @Override
  public Mark mark() {
    List<Double> joules = new ArrayList<>();
    long breaks = 0;
    long nanos = 0;
    for (EnergyMeter meter : meters) {
      Mark mark = meter.mark();
      nanos = joules.isEmpty() ? mark.nanos() : nanos;
      joules.addAll(mark.joules());
      breaks += mark.breaks();
    }
    return new Mark(nanos, joules, breaks);
  }

  @Override
  public List<Double> joulesBetween(Mark start, Mark end) {
    List<Double> all = new ArrayList<>();
    int at = 0;
    for (EnergyMeter meter : meters) {
      int next = at + meter.description().domains().size();
      all.addAll(meter.joulesBetween(part(start, at, next), part(end, at, next)));
      at = next;
    }
    return all;
  }

  private static Mark part(Mark mark, int from, int to) {
    return new Mark(mark.nanos(), mark.joules().subList(from, to), mark.breaks());
  }

  @Override
  public void close() {
    meters.forEach(EnergyMeter::close);
  }
}
