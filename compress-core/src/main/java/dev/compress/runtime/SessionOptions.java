package dev.compress.runtime;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a model is loaded.
 *
 * @param threads threads inside an operator; 0 leaves the choice to the runtime (one a core)
 * @param optimization how much the graph is changed before it runs
 * @param optimizedModel where the runtime writes the graph that it made of the model
 * @param profile the beginning of the path of a profile that the runtime writes; see {@link
 *     InferenceSession#endProfile()}
 * @param memoryArena whether memory is kept from run to run: faster, and never given back
 * @param config the runtime's own settings, such as {@code session.disable_prepacking}
 * @param providers what computes in place of the processor, the first choice first
 */
public record SessionOptions(
    int threads,
    OptimizationLevel optimization,
    Optional<Path> optimizedModel,
    Optional<Path> profile,
    boolean memoryArena,
    Map<String, String> config,
    List<ExecutionProvider> providers) {
  /**
   * Checks and copies.
   *
   * @throws IllegalArgumentException if {@code threads} is negative
   */
  public SessionOptions {
    if (threads < 0) {
      throw new IllegalArgumentException("threads must be 0 or more, not " + threads);
    }
    config = Collections.unmodifiableMap(new LinkedHashMap<>(config));
    providers = List.copyOf(providers);
  }

  /**
   * What users run: all optimizations.
   *
   * @param threads threads inside an operator; 0 leaves the choice to the runtime
   */
  public static SessionOptions of(int threads) {
    return new SessionOptions(
        threads,
        OptimizationLevel.ALL,
        Optional.empty(),
        Optional.empty(),
        true,
        Map.of(),
        List.of());
  }

  /** The same with another optimization level. */
  public SessionOptions withOptimization(OptimizationLevel level) {
    return new SessionOptions(
        threads, level, optimizedModel, profile, memoryArena, config, providers);
  }

  /** The same, and the optimized graph is written to a file. */
  public SessionOptions withOptimizedModel(Path file) {
    return new SessionOptions(
        threads, optimization, Optional.of(file), profile, memoryArena, config, providers);
  }

  /** The same with a profile whose path begins with {@code prefix}. */
  public SessionOptions withProfile(Path prefix) {
    return new SessionOptions(
        threads, optimization, optimizedModel, Optional.of(prefix), memoryArena, config, providers);
  }

  /** The same with the memory arena on or off. */
  public SessionOptions withMemoryArena(boolean on) {
    return new SessionOptions(
        threads, optimization, optimizedModel, profile, on, config, providers);
  }

  /** The same with one of the runtime's own settings. */
  public SessionOptions withConfig(String key, String value) {
    Map<String, String> changed = new LinkedHashMap<>(config);
    changed.put(key, value);
    return new SessionOptions(
        threads, optimization, optimizedModel, profile, memoryArena, changed, providers);
  }

  /** The same on other devices than the processor. */
  public SessionOptions withProviders(List<ExecutionProvider> first) {
    return new SessionOptions(
        threads, optimization, optimizedModel, profile, memoryArena, config, first);
  }
}
