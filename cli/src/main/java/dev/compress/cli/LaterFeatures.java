package dev.compress.cli;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Options that are part of the command line's contract and not of this version: they are recognised
 * and refused, so that nobody takes them for a typing error.
 */
final class LaterFeatures {
  private static final Set<String> OPTIONS = Set.of();

  private LaterFeatures() {}

  /**
   * The refusal of a later option.
   *
   * @param unmatched arguments that were not understood
   */
  static Optional<String> ofOptions(List<String> unmatched) {
    for (String argument : unmatched) {
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      if (OPTIONS.contains(name)) {
        return Optional.of("The option " + name + " is not in this version yet.");
      }
    }
    return Optional.empty();
  }
}
