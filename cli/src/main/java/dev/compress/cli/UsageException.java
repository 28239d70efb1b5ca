package dev.compress.cli;

/** The command line asks for something that cannot be meant. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param message what is wrong and what to write instead
   */
  UsageException(String message) {
    super(message);
  }
}
