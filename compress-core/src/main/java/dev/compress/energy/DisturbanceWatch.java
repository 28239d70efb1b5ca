package dev.compress.energy;

import java.util.Optional;

/**
 * Looks for what makes a window worthless: throttling, time stolen by the hypervisor, another
 * process on the GPU. It is asked at the window's edges only.
 */
public interface DisturbanceWatch {
  /** A window begins. */
  void begin();

  /** The window ended: what disturbed it, in words. */
  Optional<String> end();
}
