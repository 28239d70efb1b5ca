package dev.compress.timing;

import java.io.Serializable;
import java.util.List;

/**
 * What a measurement found.
 *
 * @param latencies one a variant, in the order given
 * @param toFirst of every variant but the first, its time in comparison with the first's
 * @param rounds how often each variant had its turn
 * @param seconds how long the measurement took
 */
public record TimingResult(
    List<Latency> latencies, List<LatencyRatio> toFirst, int rounds, double seconds)
    implements Serializable {
  public TimingResult {
    latencies = List.copyOf(latencies);
    toFirst = List.copyOf(toFirst);
  }
}
