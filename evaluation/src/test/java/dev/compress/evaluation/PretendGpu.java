package dev.compress.evaluation;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceIdentity;
import dev.compress.runtime.DeviceRequirement;
import dev.compress.runtime.DeviceRuntime;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.RepeatedRun;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Stands in for the module of GPUs: {@code cuda} is the processor under another name, {@code
 * tensorrt} is a device that is missing, and a model called "unheld" cannot be held there.
 */
public final class PretendGpu implements DeviceRuntime {
  @Override
  public boolean supports(Device.Kind kind) {
    return kind != Device.Kind.CPU;
  }

  @Override
  public List<DeviceRequirement> requirements(Device.Kind kind, Optional<Path> natives) {
    return kind == Device.Kind.TENSORRT
        ? List.of(DeviceRequirement.missing("TensorRT", "no TensorRT", "install TensorRT"))
        : List.of(DeviceRequirement.met("driver", "pretended"));
  }

  @Override
  public Setup setup(Device device, Optional<Path> natives) {
    List<DeviceRequirement> all = requirements(device.kind(), natives);
    if (!all.get(0).isMet()) {
      throw DeviceRuntime.unavailable(device, all);
    }
    return new Setup(
        Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
        natives.map(n -> Map.of("pretended.natives", n.toString())).orElse(Map.of()));
  }

  @Override
  public List<ExecutionProvider> providers(Device device, Path model) {
    return List.of();
  }

  @Override
  public DeviceIdentity identify(Device device) {
    if (device.index() > 1) {
      throw new DeviceUnavailableException(device + " is not there. Use cuda:0 or cuda:1.");
    }
    return new DeviceIdentity(
        "Pretended "
            + System.getenv("CUDA_DEVICE_ORDER")
            + " "
            + System.getProperty("pretended.natives", ""),
        "GPU-" + device.index(),
        "0000:0" + device.index() + ":00.0",
        "9.0",
        1L << 30,
        "CUDA 12.4");
  }

  @Override
  public RepeatedRun hold(Path model, SessionOptions options, Map<String, TensorBuffer> inputs) {
    if (model.endsWith("unheld.onnx")) {
      throw new DeviceUnavailableException("it does not fit");
    }
    InferenceSession session = InferenceSession.open(model, options);
    RepeatedRun run = session.prepare(inputs);
    return new RepeatedRun() {
      @Override
      public void run() {
        run.run();
      }

      @Override
      public Map<String, TensorBuffer> outputs() {
        return run.outputs();
      }

      @Override
      public void close() {
        run.close();
        session.close();
      }
    };
  }
}
