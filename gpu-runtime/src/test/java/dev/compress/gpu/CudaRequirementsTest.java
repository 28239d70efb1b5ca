package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceRequirement;
import dev.compress.runtime.DeviceRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Machines as trees of files, and natives that gcc links like the real ones. */
class CudaRequirementsTest {
  private static final String LINUX = "Linux amd64";
  private static final String SOURCE = "int answer(void) { return 42; }\n";

  @TempDir Path root;
  @TempDir Path natives;

  @BeforeEach
  void aMachineWithALoader() throws IOException {
    Files.createDirectories(root.resolve("etc/ld.so.conf.d"));
    Files.writeString(
        root.resolve("etc/ld.so.conf"), "# comment\ninclude /etc/ld.so.conf.d/*.conf\n");
    Files.writeString(root.resolve("etc/ld.so.conf.d/a.conf"), "/opt/here # and there\n");
  }

  private void file(String path) throws IOException {
    file(path, "");
  }

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private CudaRequirements machine(Map<String, String> environment) {
    return new CudaRequirements(root, environment, LINUX, "1.29.0");
  }

  private List<DeviceRequirement> of(Device.Kind kind) {
    return machine(Map.of()).of(kind, Optional.of(new NativesFolder(natives, "1.29.0")));
  }

  private static List<String> missing(List<DeviceRequirement> all) {
    return all.stream().filter(r -> !r.isMet()).map(DeviceRequirement::detail).toList();
  }

  /** Libraries with the real names, versions and dependencies, and nothing in them. */
  private void linkNatives(String version, String cudart) throws Exception {
    Path stubs = Files.createDirectories(natives.resolve("stubs"));
    String[] needed = {
      cudart,
      "libcublas.so.12",
      "libcublasLt.so.12",
      "libcurand.so.10",
      "libcudnn.so.9",
      "libnvinfer.so.10",
      "libnvonnxparser.so.10",
      "libcuda.so.1"
    };
    for (String name : needed) {
      GccLibrary.of(SOURCE, stubs, name, "-Wl,-soname," + name);
    }
    Path script =
        Files.writeString(stubs.resolve("script"), "VERS_" + version + " { global: *; };\n");
    GccLibrary.of(SOURCE, natives, "libonnxruntime.so", "-Wl,--version-script=" + script);
    GccLibrary.of(SOURCE, natives, "libonnxruntime4j_jni.so");
    GccLibrary.of(SOURCE, natives, "libonnxruntime_providers_shared.so");
    String from = "-L" + stubs;
    GccLibrary.of(
        SOURCE,
        natives,
        "libonnxruntime_providers_cuda.so",
        "-Wl,--no-as-needed",
        from,
        "-l:" + cudart,
        "-l:libcublas.so.12",
        "-l:libcublasLt.so.12",
        "-l:libcurand.so.10",
        "-l:libcuda.so.1");
    GccLibrary.of(
        SOURCE,
        natives,
        "libonnxruntime_providers_tensorrt.so",
        "-Wl,--no-as-needed",
        from,
        "-l:libnvinfer.so.10",
        "-l:libnvonnxparser.so.10",
        "-l:libcudnn.so.9",
        "-l:libcublas.so.12");
  }

  private void driver(String version) throws IOException {
    file("usr/lib/x86_64-linux-gnu/libcuda.so.1");
    file("dev/nvidia0");
    file(
        "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + version + "  Fri Sep 1\nGCC\n");
  }

  @Test
  void onAMachineWithNothingEachThingIsNamed() {
    List<DeviceRequirement> all =
        machine(Map.of()).of(Device.Kind.CUDA, Optional.of(NativesFolder.notGiven("1.29.0")));
    assertThat(missing(all))
        .containsExactly(
            "no NVIDIA driver: libcuda.so.1 is not found",
            "this installation's ONNX Runtime is for the processor only",
            "CUDA 12: libcublas.so.12, libcublasLt.so.12, libcudart.so.12, libcurand.so.10 are not"
                + " found",
            "cuDNN 9: libcudnn.so.9 is not found");
    assertThat(DeviceRuntime.unavailable(Device.parse("cuda"), all))
        .hasMessageStartingWith("cuda:0 cannot be used here: no NVIDIA driver: libcuda.so.1")
        .hasMessageContaining("is not found. Install the NVIDIA driver, 525 or newer; unpack")
        .hasMessageContaining("onnxruntime_gpu-1.29.0.jar")
        .hasMessageEndingWith(
            "install the libraries of the latest CUDA 12.x or set LD_LIBRARY_PATH;"
                + " install cuDNN 9 or set LD_LIBRARY_PATH.");
  }

  @Test
  void nothingIsMissingWhereAllIsThere() throws Exception {
    linkNatives("1.29.0", "libcudart.so.12");
    driver("535.104.05");
    for (String name :
        List.of("libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libcurand.so.10")) {
      file("usr/local/cuda-12.4/lib64/" + name);
    }
    file("opt/here/libcudnn.so.9");
    assertThat(missing(of(Device.Kind.CUDA))).isEmpty();
    assertThat(of(Device.Kind.CUDA))
        .extracting(DeviceRequirement::name)
        .containsExactly("NVIDIA driver", "ONNX Runtime for CUDA", "CUDA 12", "cuDNN 9");
    assertThat(of(Device.Kind.CUDA).get(0).detail()).contains("535.104.05");
    assertThat(missing(of(Device.Kind.TENSORRT)))
        .containsExactly("TensorRT 10: libnvinfer.so.10, libnvonnxparser.so.10 are not found");
    // What the loader finds by itself need not be told; CUDA's folder and ours must.
    assertThat(
            machine(Map.of("LD_LIBRARY_PATH", "/mine"))
                .libraryPath(Device.Kind.CUDA, Optional.of(new NativesFolder(natives, "1.29.0"))))
        .isEqualTo(natives + ":" + root.resolve("usr/local/cuda-12.4/lib64") + ":/mine");
  }

  @Test
  void aCudaRuntimeThatLacksWhatIsCalledIsTooOld() throws Exception {
    linkNatives("1.29.0", "libcudart.so.12");
    Path cuda = Files.createDirectories(root.resolve("opt/here"));
    Path stubs = natives.resolve("stubs");
    String has = "int cudaMalloc(void) { return 0; }\n";
    GccLibrary.of(has, cuda, "libcudart.so.12", "-Wl,-soname,libcudart.so.12");
    for (String name : List.of("libcublas.so.12", "libcublasLt.so.12", "libcurand.so.10")) {
      Files.copy(stubs.resolve(name), cuda.resolve(name));
    }
    assertThat(missing(of(Device.Kind.CUDA))).noneMatch(m -> m.startsWith("CUDA 12"));
    String calls =
        """
        int cudaMalloc(void); int cudaNewest(void); int cudaNewer(void);
        int answer(void) { return cudaMalloc() + cudaNewer() + cudaNewest(); }
        """;
    GccLibrary.of(
        calls,
        natives,
        "libonnxruntime_providers_cuda.so",
        "-Wl,--no-as-needed",
        "-L" + stubs,
        "-l:libcudart.so.12",
        "-l:libcublas.so.12");
    assertThat(missing(of(Device.Kind.CUDA)))
        .contains(
            "CUDA 12: "
                + cuda.resolve("libcudart.so.12")
                + " is too old, it lacks cudaNewer and 1 more functions");
  }

  @Test
  void whatIsLinkedDecidesWhichCudaIsWanted() throws Exception {
    linkNatives("1.29.0", "libcudart.so.13");
    file("usr/local/cuda-12.4/lib64/libcudart.so.12");
    file("usr/local/cuda-12.4/lib64/libcudart.so.12.4.99");
    assertThat(missing(of(Device.Kind.CUDA)))
        .contains(
            "CUDA 13: libcublas.so.12, libcublasLt.so.12, libcudart.so.13, libcurand.so.10 are not"
                + " found (there is CUDA 12 instead)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.28.1", "1.30.0"})
  void anotherVersionIsNamed(String version) throws Exception {
    linkNatives(version, "libcudart.so.12");
    assertThat(missing(of(Device.Kind.CUDA)))
        .contains(natives + " holds ONNX Runtime " + version + ", and the Java classes are 1.29.0");
  }

  @Test
  void filesThatAreMissingAreNamed() throws Exception {
    linkNatives("1.29.0", "libcudart.so.12");
    Files.delete(natives.resolve("libonnxruntime_providers_tensorrt.so"));
    assertThat(missing(of(Device.Kind.CUDA))).noneMatch(m -> m.contains("lacks"));
    assertThat(missing(of(Device.Kind.TENSORRT)))
        .contains(natives + " lacks libonnxruntime_providers_tensorrt.so");
    Files.delete(natives.resolve("libonnxruntime4j_jni.so"));
    Files.delete(natives.resolve("libonnxruntime_providers_shared.so"));
    for (Device.Kind kind : List.of(Device.Kind.CUDA, Device.Kind.TENSORRT)) {
      assertThat(missing(of(kind)))
          .contains(natives + " lacks libonnxruntime4j_jni.so, libonnxruntime_providers_shared.so");
    }
    Path none = natives.resolve("none");
    assertThat(
            missing(
                machine(Map.of())
                    .of(Device.Kind.CUDA, Optional.of(new NativesFolder(none, "1.29.0")))))
        .contains("there is no folder " + none);
  }

  @Test
  void aRuntimeThatIsLinkedFromElsewhereDoesNotFindItsProviders() throws Exception {
    linkNatives("1.29.0", "libcudart.so.12");
    Path elsewhere = Files.createDirectories(natives.resolve("elsewhere"));
    Path real = elsewhere.resolve("libonnxruntime.so");
    Files.move(natives.resolve("libonnxruntime.so"), real);
    Files.createSymbolicLink(natives.resolve("libonnxruntime.so"), real);
    assertThat(missing(of(Device.Kind.CUDA)))
        .anyMatch(m -> m.contains("is a link into") && m.contains("where its providers are not"));
  }

  @Test
  void aDamagedLibraryIsNamed() throws Exception {
    linkNatives("1.29.0", "libcudart.so.12");
    Files.writeString(natives.resolve("libonnxruntime.so"), "x".repeat(100));
    assertThat(missing(of(Device.Kind.CUDA)))
        .contains(natives.resolve("libonnxruntime.so") + " is no library: no 64-bit library");
  }

  @Test
  void driversThatAreOldOrNotLoadedAreNamed() throws Exception {
    driver("470.82.01");
    assertThat(missing(of(Device.Kind.CUDA)))
        .contains("the NVIDIA driver 470.82.01 is too old for CUDA 12");
    Files.delete(root.resolve("dev/nvidia0"));
    Files.delete(root.resolve("proc/driver/nvidia/version"));
    DeviceRequirement found = of(Device.Kind.CUDA).get(0);
    assertThat(found.detail()).contains("is not loaded", "/dev/nvidia* is not");
    assertThat(found.remedy()).isEqualTo("load it (sudo modprobe nvidia)");
    file(".dockerenv");
    assertThat(of(Device.Kind.CUDA).get(0).remedy()).contains("--gpus all");
  }

  @Test
  void elsewhereThanOnLinuxThereIsNone() {
    assertThat(
            missing(
                new CudaRequirements(root, Map.of(), "Mac OS X aarch64", "1.29.0")
                    .of(Device.Kind.CUDA, Optional.empty())))
        .containsExactly("this is Mac OS X aarch64");
  }
}
