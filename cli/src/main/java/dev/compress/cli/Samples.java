package dev.compress.cli;

import java.util.Optional;

/** Names of the form {@code sample:NAME}, which stand for an embedded model or its data. */
final class Samples {
  private static final String PREFIX = "sample:";

  private Samples() {}

  /**
   * The sample that an argument names.
   *
   * @param argument a path or sample:NAME
   */
  static Optional<String> name(String argument) {
    return argument.startsWith(PREFIX)
        ? Optional.of(argument.substring(PREFIX.length()))
        : Optional.empty();
  }
}
