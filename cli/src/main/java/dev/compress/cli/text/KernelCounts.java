package dev.compress.cli.text;

import dev.compress.cli.console.Style;
import java.util.Map;
import java.util.stream.Collectors;

/** Kernels by operator, as one line. */
final class KernelCounts {
  private KernelCounts() {}

  /**
   * The line, the most frequent first.
   *
   * @param counts kernels by operator
   * @param style of the terminal
   */
  static String text(Map<String, Integer> counts, Style style) {
    return counts.isEmpty()
        ? style.none()
        : counts.entrySet().stream()
            .sorted(
                Map.Entry.<String, Integer>comparingByValue()
                    .reversed()
                    .thenComparing(Map.Entry.comparingByKey()))
            .map(e -> e.getValue() + " " + e.getKey())
            .collect(Collectors.joining(", "));
  }
}
