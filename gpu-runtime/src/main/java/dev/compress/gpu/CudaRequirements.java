package dev.compress.gpu;

import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceRequirement;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What CUDA and TensorRT need on a machine, found by looking at files: the driver, ONNX Runtime's
 * libraries for GPUs, and NVIDIA's that those are linked with.
 */
final class CudaRequirements {
  /** The driver's library. */
  static final String DRIVER = "libcuda.so.1";

  /** The first driver for CUDA 12. */
  private static final int OLDEST_DRIVER = 525;

  private static final Pattern DRIVER_VERSION = Pattern.compile("\\s(\\d{3,4})\\.\\d+(?:\\.\\d+)?");
  private static final Pattern MAJOR = Pattern.compile("\\.so\\.(\\d+)$");

  private final Path root;
  private final Map<String, String> environment;
  private final String system;
  private final String version;

  /**
   * For a machine.
   *
   * @param root of its file system
   * @param environment of this process
   * @param system its name and architecture, such as "Linux amd64"
   * @param version of ONNX Runtime that the Java classes are of
   */
  CudaRequirements(Path root, Map<String, String> environment, String system, String version) {
    this.root = root;
    this.environment = Map.copyOf(environment);
    this.system = system;
    this.version = version;
  }

  /**
   * Everything that a kind of device needs.
   *
   * @param kind of device
   * @param natives the folder with ONNX Runtime's libraries; empty if they are in a jar, where they
   *     are complete
   */
  List<DeviceRequirement> of(Device.Kind kind, Optional<NativesFolder> natives) {
    if (!system.equals("Linux amd64")) {
      return List.of(
          DeviceRequirement.missing(
              "Linux on x86-64",
              "this is " + system,
              "ONNX Runtime's libraries for GPUs are there for Linux on x86-64"));
    }
    LibrarySearch search = search(natives);
    NativesFolder folder = natives.orElseGet(() -> NativesFolder.notGiven(version));
    List<DeviceRequirement> all = new ArrayList<>();
    all.add(driver(search));
    DeviceRequirement runtime =
        natives
            .map(NativesFolder::check)
            .orElseGet(() -> DeviceRequirement.met("ONNX Runtime for CUDA", "on the class path"));
    all.add(runtime);
    if (kind == Device.Kind.TENSORRT && runtime.isMet()) {
      natives.map(NativesFolder::checkTensorRt).ifPresent(all::add);
    }
    all.add(cuda(kind, folder, search));
    all.add(
        libraries(
            "cuDNN " + major(List.of(folder.cudnn()), "libcudnn", "9"),
            List.of(folder.cudnn()),
            "install cuDNN %s or set LD_LIBRARY_PATH",
            search));
    if (kind == Device.Kind.TENSORRT) {
      all.add(
          libraries(
              "TensorRT " + major(folder.tensorRt(), "libnvinfer", "10"),
              folder.tensorRt(),
              "install TensorRT %s or set LD_LIBRARY_PATH",
              search));
    }
    return all;
  }

  /**
   * Folders with libraries that a process would not find by itself, for its {@code
   * LD_LIBRARY_PATH}.
   *
   * @param kind of device
   * @param natives as for {@link #of}
   */
  String libraryPath(Device.Kind kind, Optional<NativesFolder> natives) {
    LibrarySearch search = search(natives);
    NativesFolder folder = natives.orElseGet(() -> NativesFolder.notGiven(version));
    Set<Path> folders = new LinkedHashSet<>();
    natives.flatMap(NativesFolder::path).ifPresent(folders::add);
    List<String> wanted = new ArrayList<>(folder.cuda(kind));
    wanted.add(folder.cudnn());
    wanted.add(DRIVER);
    if (kind == Device.Kind.TENSORRT) {
      wanted.addAll(folder.tensorRt());
    }
    for (String name : wanted) {
      search
          .find(name)
          .map(Path::getParent)
          .filter(found -> !search.isSearchedAnyway(found))
          .ifPresent(folders::add);
    }
    String own = environment.getOrDefault(LibrarySearch.VARIABLE, "");
    String added =
        folders.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    return own.isEmpty() || added.isEmpty() ? added + own : added + File.pathSeparator + own;
  }

  private LibrarySearch search(Optional<NativesFolder> natives) {
    return new LibrarySearch(
        root, environment, natives.flatMap(NativesFolder::path).map(List::of).orElse(List.of()));
  }

  private DeviceRequirement driver(LibrarySearch search) {
    String name = "NVIDIA driver";
    boolean isContainer =
        Files.exists(root.resolve(".dockerenv")) || Files.exists(root.resolve("run/.containerenv"));
    String remedy =
        isContainer
            ? "install the NVIDIA driver, "
                + OLDEST_DRIVER
                + " or newer, on the host and start this container with its GPUs (--gpus all)"
            : "install the NVIDIA driver, " + OLDEST_DRIVER + " or newer";
    Optional<Path> library = search.find(DRIVER);
    if (library.isEmpty()) {
      return DeviceRequirement.missing(
          name, "no NVIDIA driver: " + DRIVER + " is not found", remedy);
    }
    boolean hasDevice =
        List.of("dev/nvidia0", "dev/nvidiactl", "dev/dxg", "proc/driver/nvidia/version").stream()
            .anyMatch(file -> Files.exists(root.resolve(file)));
    if (!hasDevice) {
      return DeviceRequirement.missing(
          name,
          "the NVIDIA driver is not loaded: " + library.get() + " is there, /dev/nvidia* is not",
          isContainer ? remedy : "load it (sudo modprobe nvidia)");
    }
    Optional<String> running = firstLine(root.resolve("proc/driver/nvidia/version"));
    Matcher number = DRIVER_VERSION.matcher(running.orElse(""));
    if (number.find() && Integer.parseInt(number.group(1)) < OLDEST_DRIVER) {
      return DeviceRequirement.missing(
          name, "the NVIDIA driver " + number.group().strip() + " is too old for CUDA 12", remedy);
    }
    return DeviceRequirement.met(name, running.orElse(library.get().toString()));
  }

  private static Optional<String> firstLine(Path file) {
    try {
      return Files.readString(file).lines().findFirst().map(String::strip);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static DeviceRequirement cuda(
      Device.Kind kind, NativesFolder folder, LibrarySearch search) {
    List<String> wanted = folder.cuda(kind);
    DeviceRequirement found =
        libraries(
            "CUDA " + major(wanted, "libcudart", "12"),
            wanted,
            "install the libraries of the latest CUDA %s.x or set LD_LIBRARY_PATH",
            search);
    Optional<Path> runtime =
        wanted.stream()
            .filter(n -> n.startsWith("libcudart."))
            .findFirst()
            .filter(n -> found.isMet())
            .flatMap(search::find);
    Set<String> lacking = runtime.map(folder::lackingIn).orElse(Set.of());
    if (runtime.isEmpty() || lacking.isEmpty()) {
      return found;
    }
    return DeviceRequirement.missing(
        found.name(),
        found.name()
            + ": "
            + runtime.get()
            + " is too old, it lacks "
            + lacking.iterator().next()
            + (lacking.size() == 1 ? "" : " and " + (lacking.size() - 1) + " more functions"),
        "install a later " + found.name() + ".x");
  }

  private static DeviceRequirement libraries(
      String name, List<String> wanted, String remedy, LibrarySearch search) {
    List<String> missing = new ArrayList<>();
    Set<String> others = new TreeSet<>();
    Set<String> folders = new LinkedHashSet<>();
    for (String library : wanted) {
      Optional<Path> found = search.find(library);
      if (found.isPresent()) {
        folders.add(String.valueOf(found.get().getParent()));
      } else {
        missing.add(library);
        others.addAll(search.beginningWith(library.substring(0, library.indexOf(".so") + 3) + "."));
      }
    }
    if (missing.isEmpty()) {
      return DeviceRequirement.met(name, "in " + String.join(", ", folders));
    }
    Set<String> otherMajors =
        others.stream()
            .map(MAJOR::matcher)
            .filter(Matcher::find)
            .map(m -> m.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    String family = name.substring(0, name.indexOf(' '));
    String instead =
        otherMajors.isEmpty()
            ? ""
            : " (there is " + family + " " + String.join(", ", otherMajors) + " instead)";
    return DeviceRequirement.missing(
        name,
        name
            + ": "
            + String.join(", ", missing)
            + (missing.size() == 1 ? " is" : " are")
            + " not found"
            + instead,
        String.format(Locale.ROOT, remedy, name.substring(family.length() + 1)));
  }

  private static String major(List<String> names, String prefix, String otherwise) {
    return names.stream()
        .filter(n -> n.startsWith(prefix + ".so."))
        .map(n -> n.substring(prefix.length() + ".so.".length()))
        .findFirst()
        .orElse(otherwise);
  }
}
