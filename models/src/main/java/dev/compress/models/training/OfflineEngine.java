package dev.compress.models.training;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/**
 * The PyTorch engine of Deep Java Library, told before it starts that it may neither download nor
 * report anything. A property that is set already is left as it is.
 */
final class OfflineEngine {
  private OfflineEngine() {}

  /**
   * The engine with one thread. Its number of threads is fixed when it is loaded: where something
   * in this process loaded it before, it stays as it is.
   */
  static Engine singleThreaded() {
    setIfAbsent("ai.djl.pytorch.num_threads", "1");
    setIfAbsent("ai.djl.pytorch.num_interop_threads", "1");
    return engine();
  }

  /**
   * The engine, computing an operator with so many threads from now on.
   *
   * @param threads at least 1
   */
  static Engine withThreads(int threads) {
    setIfAbsent("ai.djl.pytorch.num_threads", Integer.toString(threads));
    setIfAbsent("ai.djl.pytorch.num_interop_threads", "1");
    Engine engine = engine();
    JniUtils.setNumThreads(threads);
    return engine;
  }

  private static Engine engine() {
    setIfAbsent("ai.djl.offline", "true");
    setIfAbsent("OPT_OUT_TRACKING", "true");
    setIfAbsent("ai.djl.default_engine", "PyTorch");
    return Engine.getEngine("PyTorch");
  }

  private static void setIfAbsent(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }
}
