package dev.compress.gpu;

import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceRequirement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A folder with ONNX Runtime's libraries for GPUs: what is missing in it, and what it needs. */
final class NativesFolder {
  private static final String RUNTIME = "libonnxruntime.so";
  private static final String JAVA = "libonnxruntime4j_jni.so";
  private static final String SHARED = "libonnxruntime_providers_shared.so";
  private static final String CUDA = "libonnxruntime_providers_cuda.so";
  private static final String TENSORRT = "libonnxruntime_providers_tensorrt.so";

  /** What the providers of 1.29 are linked with, or load when they are first asked. */
  private static final List<String> NEEDED_BY_CUDA =
      List.of("libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libcurand.so.10");

  private static final List<String> NEEDED_BY_TENSORRT =
      List.of("libnvinfer.so.10", "libnvonnxparser.so.10");

  private static final String CUDNN = "libcudnn.so.9";

  private final Path folder;
  private final String version;
  private final boolean isGiven;

  /**
   * A folder.
   *
   * @param folder that may not exist
   * @param version of ONNX Runtime that the Java classes are of
   */
  NativesFolder(Path folder, String version) {
    this(folder, version, true);
  }

  private NativesFolder(Path folder, String version, boolean isGiven) {
    this.folder = folder;
    this.version = version;
    this.isGiven = isGiven;
  }

  /** No folder at all. */
  static NativesFolder notGiven(String version) {
    return new NativesFolder(Path.of("/nonexistent"), version, false);
  }

  /** Where it is; empty if there is none. */
  Optional<Path> path() {
    return isGiven ? Optional.of(folder) : Optional.empty();
  }

  /** Whether it has CUDA's provider: a build for GPUs, complete or not. */
  boolean isForGpus() {
    return Files.exists(folder.resolve(CUDA));
  }

  /** What to do where there is none. */
  static String remedy(String version) {
    return "unpack ai/onnxruntime/native/linux-x64 of onnxruntime_gpu-"
        + version
        + ".jar (Maven Central, com.microsoft.onnxruntime) and name that folder with --natives";
  }

  /** Whether all that CUDA needs is there and of our version. */
  DeviceRequirement check() {
    String name = "ONNX Runtime for CUDA";
    if (!isGiven) {
      return DeviceRequirement.missing(
          name, "this installation's ONNX Runtime is for the processor only", remedy(version));
    }
    if (!Files.isDirectory(folder)) {
      return DeviceRequirement.missing(name, "there is no folder " + folder, remedy(version));
    }
    List<String> missing =
        List.of(RUNTIME, JAVA, SHARED, CUDA).stream()
            .filter(file -> !Files.isRegularFile(folder.resolve(file)))
            .toList();
    if (!missing.isEmpty()) {
      return DeviceRequirement.missing(
          name, folder + " lacks " + String.join(", ", missing), remedy(version));
    }
    return linkedElsewhere()
        .or(this::ofAnotherVersion)
        .map(problem -> DeviceRequirement.missing(name, problem, remedy(version)))
        .orElseGet(() -> DeviceRequirement.met(name, version + " in " + folder));
  }

  /** Whether TensorRT's provider is there too. */
  DeviceRequirement checkTensorRt() {
    String name = "ONNX Runtime for TensorRT";
    return Files.isRegularFile(folder.resolve(TENSORRT))
        ? DeviceRequirement.met(name, version + " in " + folder)
        : DeviceRequirement.missing(name, folder + " lacks " + TENSORRT, remedy(version));
  }

  /** The runtime looks for its providers beside its own real file. */
  private Optional<String> linkedElsewhere() {
    try {
      Path real = folder.resolve(RUNTIME).toRealPath().getParent();
      return real == null || Files.isRegularFile(real.resolve(CUDA))
          ? Optional.empty()
          : Optional.of(
              folder.resolve(RUNTIME)
                  + " is a link into "
                  + real
                  + ", where its providers are not");
    } catch (IOException e) {
      return Optional.of(folder.resolve(RUNTIME) + " cannot be read");
    }
  }

  private Optional<String> ofAnotherVersion() {
    try {
      String found = ElfLibrary.read(folder.resolve(RUNTIME)).version().orElse("unknown");
      return found.equals(version)
          ? Optional.empty()
          : Optional.of(
              folder + " holds ONNX Runtime " + found + ", and the Java classes are " + version);
    } catch (IOException e) {
      return Optional.of(folder.resolve(RUNTIME) + " is no library: " + e.getMessage());
    }
  }

  /** CUDA's libraries that the providers in this folder are linked with. */
  List<String> cuda(Device.Kind kind) {
    TreeSet<String> needed = new TreeSet<>(needed(CUDA, NEEDED_BY_CUDA));
    if (kind == Device.Kind.TENSORRT) {
      needed.addAll(needed(TENSORRT, List.of()));
    }
    needed.removeIf(n -> !n.matches("libcu(dart|blas|blasLt|rand|fft|sparse|solver)\\.so.*"));
    return List.copyOf(needed);
  }

  /** The cuDNN that they load. */
  String cudnn() {
    return needed(TENSORRT, List.of(CUDNN)).stream()
        .filter(n -> n.startsWith("libcudnn.so"))
        .findFirst()
        .orElse(CUDNN);
  }

  /** TensorRT's libraries that its provider is linked with. */
  List<String> tensorRt() {
    return needed(TENSORRT, NEEDED_BY_TENSORRT).stream()
        .filter(n -> n.startsWith("libnv"))
        .toList();
  }

  /** Functions that its provider calls and a CUDA runtime lacks: that one is too old. */
  Set<String> lackingIn(Path cudaRuntime) {
    try {
      Set<String> lacking = new TreeSet<>(ElfLibrary.read(folder.resolve(CUDA)).cudaFunctions());
      lacking.removeAll(ElfLibrary.read(cudaRuntime).cudaFunctions());
      return lacking;
    } catch (IOException e) {
      return Set.of(); // told elsewhere, or by the loader
    }
  }

  private List<String> needed(String library, List<String> otherwise) {
    try {
      return ElfLibrary.read(folder.resolve(library)).needed();
    } catch (IOException e) {
      return otherwise;
    }
  }
}
