package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.progress.Progress;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceIdentity;
import dev.compress.runtime.DeviceRuntime.Setup;
import dev.compress.runtime.IsolatedResult;
import dev.compress.runtime.IsolatedService;
import dev.compress.runtime.IsolatedSettings;
import dev.compress.runtime.IsolatedWorker;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a stub of the driver, in the child processes in which models run. */
class CudaDriverTest {
  @TempDir Path folder;

  /** Tells what the driver whose path it is sent says of a device. */
  public static final class Identify implements IsolatedService<String, DeviceIdentity> {
    @Override
    public DeviceIdentity call(String request) {
      int at = request.indexOf(' ');
      return new GpuRuntime(Path.of("/"), System.getenv(), request.substring(at + 1))
          .identify(Device.parse(request.substring(0, at)));
    }

    @Override
    public void close() {}
  }

  private static DeviceIdentity identify(
      Path library, String device, Map<String, String> environment) {
    Setup setup =
        new GpuRuntime(Path.of("/"), environment, library.toString())
            .surroundings(Device.Kind.CUDA, Optional.empty());
    Map<String, String> variables = new HashMap<>(environment);
    variables.putAll(setup.environment());
    try (IsolatedWorker<String, DeviceIdentity> worker =
        IsolatedWorker.start(
            Identify.class,
            new IsolatedSettings(64, 60).in(variables, setup.properties()),
            Progress.NONE)) {
      return ((IsolatedResult.Finished<DeviceIdentity>) worker.call(device + " " + library))
          .value();
    }
  }

  @Test
  void devicesAreCountedByTheirBusesWhateverTheCallersOrder() throws Exception {
    Path library = GccLibrary.ofResource("cuda_stub.c", folder, "libstubcuda.so");
    Map<String, String> bySpeed = Map.of("CUDA_DEVICE_ORDER", "FASTEST_FIRST");

    DeviceIdentity first = identify(library, "cuda:0", bySpeed);
    assertThat(first)
        .isEqualTo(
            new DeviceIdentity(
                "Slow GPU",
                "GPU-00112233-4455-6677-8899-aabbccddeeff",
                "0000:01:00.0",
                "8.6",
                4L << 30,
                "CUDA 12.4"));
    assertThat(identify(library, "tensorrt:1", Map.of()).pciBusId()).isEqualTo("0000:81:00.0");
    assertThat(identify(library, "cuda:0", Map.of("CUDA_VISIBLE_DEVICES", "1")).name())
        .isEqualTo("Fast GPU");
    assertThatThrownBy(() -> identify(library, "cuda:1", Map.of("CUDA_VISIBLE_DEVICES", "1")))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("cuda:1 cannot be used here: there is 1 GPU, counted from 0");
    assertThatThrownBy(() -> identify(library, "cuda:2", Map.of()))
        .hasMessageContaining("there are 2 GPUs");
  }

  @Test
  void whatTheDriverRefusesIsTold() throws Exception {
    Path none = GccLibrary.ofResource("cuda_stub.c", folder, "libnogpu.so", "-DINIT_CODE=100");
    assertThatThrownBy(() -> CudaDriver.open(none.toString()))
        .isInstanceOf(CudaException.class)
        .hasMessage("cuInit: no CUDA-capable device is detected (100)");
    assertThatThrownBy(() -> CudaDriver.open("libno-such-cuda.so.1"))
        .hasMessageContaining("no NVIDIA driver");
    Path old = GccLibrary.of("int cuInit(unsigned f) { return (int)f; }\n", folder, "libold.so");
    assertThatThrownBy(() -> CudaDriver.open(old.toString()).count())
        .hasMessage("cuDeviceGetCount is missing in this driver");
  }
}
