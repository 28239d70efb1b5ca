package dev.compress.cli;

/** How the process ends; scripts rely on these. */
final class ExitCode {
  /** Done. */
  static final int DONE = 0;

  /** A bug in compress. */
  static final int BUG = 1;

  /** The command line is wrong, or an output exists already. */
  static final int USAGE = 2;

  /** The model or the data is invalid or unsupported. */
  static final int INVALID = 3;

  /** A device or sensor is unavailable. */
  static final int DEVICE = 4;

  /** A gate failed. */
  static final int GATE = 5;

  /** Reading or writing failed. */
  static final int READ_WRITE = 6;

  /** The user stopped it. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
