package dev.compress.evaluation.worker;

import dev.compress.progress.Progress;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceIdentity;
import dev.compress.runtime.DeviceRuntime;
import dev.compress.runtime.IsolatedSettings;
import dev.compress.runtime.IsolatedWorker;
import java.nio.file.Path;
import java.util.Optional;

/** Where variants run: the device, and how a process must be started to reach it. */
public final class VariantPlace {
  /** Tensors come and go through the child's heap. */
  private static final IsolatedSettings SETTINGS = new IsolatedSettings(1024, 3600);

  /** On the processor, in a process like this one. */
  public static final VariantPlace CPU = new VariantPlace(Device.CPU, SETTINGS, Optional.empty());

  private final Device device;
  private final IsolatedSettings settings;
  private final Optional<DeviceIdentity> identity;

  private VariantPlace(
      Device device, IsolatedSettings settings, Optional<DeviceIdentity> identity) {
    this.device = device;
    this.settings = settings;
    this.identity = identity;
  }

  /**
   * Prepares a place: looks whether all is there, and asks a GPU's driver, in a process of the kind
   * in which the variants will run, which one it is.
   *
   * @param device which
   * @param natives a folder with ONNX Runtime's libraries for it; empty for this process's own
   * @param progress asked whether to stop
   * @throws dev.compress.error.DeviceUnavailableException if it cannot be used, and why
   * @throws VariantDied if the driver crashes
   */
  public static VariantPlace of(Device device, Optional<Path> natives, Progress progress) {
    if (!device.isGpu()) {
      return CPU;
    }
    DeviceRuntime.Setup setup = DeviceRuntime.of(device).setup(device, natives);
    IsolatedSettings there = SETTINGS.in(setup.environment(), setup.properties());
    try (IsolatedWorker<VariantRequest, VariantAnswer> worker =
        IsolatedWorker.start(VariantService.class, there, progress)) {
      VariantAnswer answer =
          VariantWorker.value(worker.call(new VariantRequest.Identify(device.toString())));
      return new VariantPlace(
          device, there, Optional.of(((VariantAnswer.Identified) answer).identity()));
    }
  }

  /** The device. */
  public Device device() {
    return device;
  }

  /** What a GPU's driver said of it; empty for the processor. */
  public Optional<DeviceIdentity> identity() {
    return identity;
  }

  IsolatedSettings settings() {
    return settings;
  }
}
