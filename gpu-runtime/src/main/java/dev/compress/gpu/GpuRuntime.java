package dev.compress.gpu;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceIdentity;
import dev.compress.runtime.DeviceRequirement;
import dev.compress.runtime.DeviceRuntime;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.runtime.RepeatedRun;
import dev.compress.runtime.RuntimeInfo;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Models on NVIDIA GPUs, by ONNX Runtime's CUDA and TensorRT providers. */
public final class GpuRuntime implements DeviceRuntime {
  /** In what order CUDA counts, read when the driver is loaded. */
  static final String ORDER = "CUDA_DEVICE_ORDER";

  /** By where they are plugged in: so as NVML can be asked for the same one. */
  static final String BY_BUS = "PCI_BUS_ID";

  private static final String NATIVE_PATH = "onnxruntime.native.path";
  private static final String IN_THE_JAR =
      "/ai/onnxruntime/native/linux-x64/libonnxruntime_providers_cuda.so";

  private final Path root;
  private final Map<String, String> environment;
  private final String driver;

  /** This machine's. */
  public GpuRuntime() {
    this(Path.of("/"), System.getenv(), CudaRequirements.DRIVER);
  }

  GpuRuntime(Path root, Map<String, String> environment, String driver) {
    this.root = root;
    this.environment = Map.copyOf(environment);
    this.driver = driver;
  }

  @Override
  public boolean supports(Device.Kind kind) {
    return kind == Device.Kind.CUDA || kind == Device.Kind.TENSORRT;
  }

  @Override
  public List<DeviceRequirement> requirements(Device.Kind kind, Optional<Path> natives) {
    return machine().of(kind, folder(natives));
  }

  private CudaRequirements machine() {
    return new CudaRequirements(
        root,
        environment,
        System.getProperty("os.name", "") + " " + System.getProperty("os.arch", ""),
        RuntimeInfo.get().version());
  }

  /** Where they are named, else where this process has its own, unless a jar has them. */
  private static Optional<NativesFolder> folder(Optional<Path> named) {
    String version = RuntimeInfo.get().version();
    if (named.isPresent()) {
      return Optional.of(new NativesFolder(absolute(named.get()), version));
    }
    String own = System.getProperty(NATIVE_PATH);
    if (own == null) {
      return RuntimeInfo.class.getResource(IN_THE_JAR) != null
          ? Optional.empty()
          : Optional.of(NativesFolder.notGiven(version));
    }
    NativesFolder folder = new NativesFolder(absolute(Path.of(own)), version);
    return Optional.of(folder.isForGpus() ? folder : NativesFolder.notGiven(version));
  }

  private static Path absolute(Path folder) {
    return folder.toAbsolutePath().normalize();
  }

  @Override
  public Setup setup(Device device, Optional<Path> natives) {
    List<DeviceRequirement> missing =
        requirements(device.kind(), natives).stream().filter(r -> !r.isMet()).toList();
    if (!missing.isEmpty()) {
      throw DeviceRuntime.unavailable(device, missing);
    }
    return surroundings(device.kind(), natives);
  }

  /** The surroundings of a child, whatever is missing. */
  Setup surroundings(Device.Kind kind, Optional<Path> natives) {
    Map<String, String> variables = new HashMap<>();
    variables.put(ORDER, BY_BUS);
    String libraries = machine().libraryPath(kind, folder(natives));
    if (!libraries.isEmpty()) {
      variables.put(LibrarySearch.VARIABLE, libraries);
    }
    return new Setup(
        variables,
        natives.map(folder -> Map.of(NATIVE_PATH, absolute(folder).toString())).orElse(Map.of()));
  }

  @Override
  public List<ExecutionProvider> providers(Device device, Path model) {
    return new ProviderSettings(EngineCache.locate(environment)).of(device, model);
  }

  @Override
  public DeviceIdentity identify(Device device) {
    try {
      return CudaDriver.open(driver).identify(device.index());
    } catch (CudaException e) {
      throw new DeviceUnavailableException(
          device + " cannot be used here: " + e.getMessage() + ". See `compress doctor`.", e);
    }
  }

  @Override
  public RepeatedRun hold(Path model, SessionOptions options, Map<String, TensorBuffer> inputs) {
    return HeldRun.of(model, options, inputs);
  }
}
