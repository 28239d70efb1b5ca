package dev.compress.models.autograd.op;

/** Why one node cannot be trained through; the graph gathers these before it says so. */
public final class UnsupportedOperatorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the error.
   *
   * @param reason such as "its kernel overlaps nothing"; without the node's name
   */
  public UnsupportedOperatorException(String reason) {
    super(reason);
  }

  /** The reason. */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
