package dev.compress.runtime;

/**
 * What a child process may use.
 *
 * @param heapMegabytes its Java heap; the runtime's own memory is not counted
 * @param timeoutSeconds after which it is ended
 */
public record IsolatedSettings(int heapMegabytes, double timeoutSeconds) {
  /** A small heap: models and tensors are native. */
  public static final IsolatedSettings DEFAULT = new IsolatedSettings(256, 600);

  public IsolatedSettings {
    if (heapMegabytes < 8 || !(timeoutSeconds > 0)) {
      throw new IllegalArgumentException(
          "A child needs 8 MB of heap and some time, not "
              + heapMegabytes
              + " MB and "
              + timeoutSeconds
              + " s");
    }
  }
}
