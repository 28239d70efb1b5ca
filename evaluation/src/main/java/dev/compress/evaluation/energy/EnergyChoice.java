package dev.compress.evaluation.energy;

import java.util.List;
import java.util.Locale;

/**
 * Which source of energy is asked for: the values of {@code --energy}.
 *
 * @param source "auto", "none" or a source's name
 * @param address what stands behind the colon: a plug's host, a log's path; else empty
 */
public record EnergyChoice(String source, String address) {
  /** The best that there is. */
  public static final EnergyChoice AUTO = new EnergyChoice("auto", "");

  /** None at all. */
  public static final EnergyChoice NONE = new EnergyChoice("none", "");

  /** Whether nothing is to be metered. */
  public boolean isNone() {
    return source.equals(NONE.source);
  }

  private static final List<String> PLAIN =
      List.of("auto", "none", "rapl", "perf", "nvml", "hwmon", "battery");
  private static final List<String> ADDRESSED = List.of("shelly", "file");

  /**
   * Reads a choice.
   *
   * @param text such as "auto" or "shelly:192.168.1.20"
   * @throws IllegalArgumentException if it is none
   */
  public static EnergyChoice parse(String text) {
    int colon = text.indexOf(':');
    String source = (colon < 0 ? text : text.substring(0, colon)).toLowerCase(Locale.ROOT);
    String address = colon < 0 ? "" : text.substring(colon + 1);
    boolean known =
        PLAIN.contains(source)
            ? address.isEmpty() && colon < 0
            : ADDRESSED.contains(source) && !address.isBlank();
    if (!known) {
      throw new IllegalArgumentException(
          "\""
              + text
              + "\" is no source of energy. Use auto, rapl, perf, nvml, hwmon, battery,"
              + " shelly:HOST, file:CSV or none.");
    }
    return new EnergyChoice(source, address);
  }
}
