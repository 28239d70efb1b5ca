package dev.compress.runtime;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/**
 * Runs models on devices other than the processor; named in {@code META-INF/services}. Its class
 * must load where driver and native libraries are missing. What touches the device is done in a
 * child process that {@link #setup} prepares.
 */
public interface DeviceRuntime {
  /** Whether it is for devices of that kind. */
  boolean supports(Device.Kind kind);

  /**
   * Looks, without loading any of it, for what the kind of device needs.
   *
   * @param kind of device
   * @param natives a folder with ONNX Runtime's libraries for it; empty if they are expected where
   *     this process has its own
   * @return everything, met or not, in the order in which it is best remedied
   */
  List<DeviceRequirement> requirements(Device.Kind kind, Optional<Path> natives);

  /**
   * How a child process must be started to run models on a device.
   *
   * @param device which
   * @param natives as for {@link #requirements}
   * @throws DeviceUnavailableException if something that it needs is missing: what, and what to do
   */
  Setup setup(Device device, Optional<Path> natives);

  /**
   * What a child process is given.
   *
   * @param environment variables
   * @param properties system properties
   */
  record Setup(Map<String, String> environment, Map<String, String> properties) {
    /** Copies. */
    public Setup {
      environment = Map.copyOf(environment);
      properties = Map.copyOf(properties);
    }
  }

  /**
   * The providers of a session, the first choice first; to be asked in the child process.
   *
   * @param device which
   * @param model the model's file: some settings follow from its precision
   */
  List<ExecutionProvider> providers(Device device, Path model);

  /**
   * Asks the driver; to be asked in the child process.
   *
   * @throws DeviceUnavailableException if there is no such device
   */
  DeviceIdentity identify(Device device);

  /**
   * Prepares runs whose inputs lie on the device and whose outputs stay there; in the child
   * process.
   *
   * @param model the model's file
   * @param options how to load it, {@link #providers} included; none for the processor
   * @param inputs by name
   */
  RepeatedRun hold(Path model, SessionOptions options, Map<String, TensorBuffer> inputs);

  /**
   * The one on the class path that is for a device.
   *
   * @throws DeviceUnavailableException if there is none
   */
  static DeviceRuntime of(Device device) {
    return find(device.kind())
        .orElseThrow(
            () ->
                new DeviceUnavailableException(
                    "Nothing on the class path runs models on "
                        + device
                        + ". Add the module compress-gpu-runtime."));
  }

  /** The one on the class path that is for a kind of device. */
  static Optional<DeviceRuntime> find(Device.Kind kind) {
    return ServiceLoader.load(DeviceRuntime.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(runtime -> runtime.supports(kind))
        .findFirst();
  }

  /**
   * What a requirement's absence means to a user, in one or two lines.
   *
   * @param device which cannot be used
   * @param missing what it needs, of which at least one thing is not met
   */
  static DeviceUnavailableException unavailable(Device device, List<DeviceRequirement> missing) {
    List<DeviceRequirement> absent = missing.stream().filter(r -> !r.isMet()).toList();
    String remedies =
        absent.stream().map(DeviceRequirement::remedy).collect(Collectors.joining("; "));
    return new DeviceUnavailableException(
        device
            + " cannot be used here: "
            + absent.stream().map(DeviceRequirement::detail).collect(Collectors.joining("; "))
            + ". "
            + remedies.substring(0, 1).toUpperCase(Locale.ROOT)
            + remedies.substring(1)
            + ".");
  }
}
