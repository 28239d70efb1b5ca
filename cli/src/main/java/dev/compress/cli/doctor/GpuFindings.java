package dev.compress.cli.doctor;

import dev.compress.cli.doctor.DoctorReport.Finding;
import dev.compress.cli.doctor.DoctorReport.State;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceRequirement;
import dev.compress.runtime.DeviceRuntime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What CUDA and TensorRT need and whether it is here: what {@code evaluate --device} checks. */
final class GpuFindings {
  private GpuFindings() {}

  /**
   * One finding a requirement; what both kinds need is told once.
   *
   * @param natives a folder with ONNX Runtime's libraries for GPUs; empty for this installation's
   */
  static List<Finding> of(Optional<Path> natives) {
    Map<String, DeviceRequirement> all = new LinkedHashMap<>();
    for (Device.Kind kind : List.of(Device.Kind.CUDA, Device.Kind.TENSORRT)) {
      DeviceRuntime.find(kind)
          .ifPresent(
              runtime ->
                  runtime
                      .requirements(kind, natives)
                      .forEach(requirement -> all.putIfAbsent(requirement.name(), requirement)));
    }
    List<Finding> findings = new ArrayList<>();
    all.values().forEach(requirement -> findings.add(finding(requirement)));
    return findings;
  }

  private static Finding finding(DeviceRequirement requirement) {
    return new Finding(
        requirement.name(),
        requirement.isMet() ? State.AVAILABLE : State.ABSENT,
        detail(requirement),
        requirement.remedy());
  }

  /** Beside the name it need not be said again. */
  private static String detail(DeviceRequirement requirement) {
    String name = requirement.name() + ": ";
    String detail = requirement.detail();
    int from = detail.startsWith(name) ? name.length() : 0;
    return detail.startsWith("no " + name)
        ? detail.substring(name.length() + 3)
        : detail.substring(from);
  }
}
