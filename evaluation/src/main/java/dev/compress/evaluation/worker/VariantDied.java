package dev.compress.evaluation.worker;

/** A variant's process has died: its row ends here, the others go on. */
public final class VariantDied extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Says how.
   *
   * @param how signal, library and the like
   */
  public VariantDied(String how) {
    super(how);
  }
}
