package dev.compress.energy;

import java.util.List;

/**
 * What a meter is and what its joules hold.
 *
 * @param source the name by which it is asked for, such as "rapl"
 * @param title for people: the source and where it was found
 * @param domains what is counted apart, such as "package-0" and "dram-0"; the total is their sum
 * @param scope in words, what the total holds and what it leaves out
 * @param traits how it counts
 */
public record MeterDescription(
    String source, String title, List<String> domains, String scope, MeterTraits traits) {
  /**
   * Copies.
   *
   * @throws IllegalArgumentException if there is no domain
   */
  public MeterDescription {
    domains = List.copyOf(domains);
    if (domains.isEmpty()) {
      throw new IllegalArgumentException("A meter counts at least one domain: " + title);
    }
  }
}
