package dev.compress.report;

import dev.compress.error.GateFailedException;

/** A limit of a transformation does not hold; the report says what was reached. */
public final class TransformGateException extends GateFailedException {
  private static final long serialVersionUID = 1L;

  private final transient TransformReport report;

  /**
   * Creates the error.
   *
   * @param message which limit, by how much, and what to do
   * @param report of what was done; without an output
   */
  public TransformGateException(String message, TransformReport report) {
    super(message);
    this.report = report;
  }

  /** What was done and measured. */
  public TransformReport report() {
    return report;
  }
}
