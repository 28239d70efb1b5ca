package dev.compress.models.autograd;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

/** The PyTorch engine on one thread, told not to call anybody. */
final class TestEngine {
  private TestEngine() {}

  static Engine engine() {
    for (String property : new String[] {"ai.djl.offline", "OPT_OUT_TRACKING"}) {
      System.setProperty(property, "true");
    }
    if (System.getProperty("ai.djl.pytorch.num_threads") == null) {
      System.setProperty("ai.djl.pytorch.num_threads", "1");
      System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    }
    return Engine.getEngine("PyTorch");
  }

  static NDManager manager() {
    return engine().newBaseManager(Device.cpu());
  }
}
