package dev.compress.runtime;

import java.util.Map;

/**
 * What a child process may use.
 *
 * @param heapMegabytes its Java heap; the runtime's own memory is not counted
 * @param timeoutSeconds after which it is ended
 * @param environment variables that it gets beside this process's own
 * @param properties system properties, instead of this process's where it would inherit them
 */
public record IsolatedSettings(
    int heapMegabytes,
    double timeoutSeconds,
    Map<String, String> environment,
    Map<String, String> properties) {
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
    environment = Map.copyOf(environment);
    properties = Map.copyOf(properties);
  }

  /** A child in this process's own surroundings. */
  public IsolatedSettings(int heapMegabytes, double timeoutSeconds) {
    this(heapMegabytes, timeoutSeconds, Map.of(), Map.of());
  }

  /** The same in other surroundings. */
  public IsolatedSettings in(
      Map<String, String> newEnvironment, Map<String, String> newProperties) {
    return new IsolatedSettings(heapMegabytes, timeoutSeconds, newEnvironment, newProperties);
  }
}
