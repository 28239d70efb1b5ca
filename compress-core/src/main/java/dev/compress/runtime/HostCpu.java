package dev.compress.runtime;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * The processor of this machine, as far as it decides which integer kernels are fast and exact.
 *
 * @param architecture "x86-64", "arm64", or what the JVM calls it
 * @param model what its maker calls it; empty if unknown
 * @param logicalCores cores that this process may use
 * @param physicalCores cores of the machine without hyper-threads; 0 if unknown
 * @param instructions its instruction sets that matter to integer inference, under one name on all
 *     systems: those in {@link #KNOWN_INSTRUCTIONS}, in that order
 */
public record HostCpu(
    String architecture,
    String model,
    int logicalCores,
    int physicalCores,
    Set<String> instructions) {
  /** All instruction sets that are looked for. */
  public static final List<String> KNOWN_INSTRUCTIONS =
      List.of(
          "sse4.1",
          "avx",
          "avx2",
          "fma",
          "f16c",
          "avx512",
          "avx512-vnni",
          "avx-vnni",
          "amx-int8",
          "avx512-bf16",
          "avx512-fp16",
          "amx-bf16",
          "neon",
          "fp16",
          "dotprod",
          "i8mm",
          "bf16",
          "sve",
          "sme");

  /** Names of the systems' own, and what they are called here. */
  private static final Map<String, String> SYNONYMS =
      Map.ofEntries(
          Map.entry("sse4_1", "sse4.1"),
          Map.entry("avx512f", "avx512"),
          Map.entry("avx512_vnni", "avx512-vnni"),
          Map.entry("avx512vnni", "avx512-vnni"),
          Map.entry("avx_vnni", "avx-vnni"),
          Map.entry("amx_int8", "amx-int8"),
          Map.entry("avx512_bf16", "avx512-bf16"),
          Map.entry("avx512_fp16", "avx512-fp16"),
          Map.entry("amx_bf16", "amx-bf16"),
          Map.entry("asimd", "neon"),
          Map.entry("advsimd", "neon"),
          Map.entry("asimdhp", "fp16"),
          Map.entry("feat_fp16", "fp16"),
          Map.entry("asimddp", "dotprod"),
          Map.entry("feat_dotprod", "dotprod"),
          Map.entry("feat_i8mm", "i8mm"),
          Map.entry("feat_bf16", "bf16"),
          Map.entry("feat_sme", "sme"));

  /** Orders and copies. */
  public HostCpu {
    Set<String> ordered = new LinkedHashSet<>(KNOWN_INSTRUCTIONS);
    ordered.retainAll(instructions);
    instructions = java.util.Collections.unmodifiableSet(ordered);
  }

  /**
   * Looks at this machine: {@code /proc/cpuinfo} on Linux, {@code sysctl} on macOS, elsewhere what
   * the JVM itself found. What cannot be found out is missing from the result.
   */
  public static HostCpu detect() {
    String architecture = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    int cores = Runtime.getRuntime().availableProcessors();
    try {
      Path cpuinfo = Path.of("/proc/cpuinfo");
      if (Files.isReadable(cpuinfo)) {
        HostCpu cpu = ofCpuinfo(Files.readString(cpuinfo), architecture, cores);
        if (!cpu.instructions().isEmpty()) {
          return cpu;
        }
      }
      if (System.getProperty("os.name", "").startsWith("Mac")) {
        return ofSysctl(sysctl(), architecture, cores);
      }
    } catch (IOException e) {
      // Then the JVM is asked.
    }
    String model = System.getenv().getOrDefault("PROCESSOR_IDENTIFIER", ""); // on Windows
    return ofVmInfo(vmInfo(), model, architecture, cores);
  }

  /** Whether it multiplies 8-bit numbers without saturating at 16 bits: VNNI, AMX or Arm's. */
  public boolean multipliesInt8Exactly() {
    return isArm() || has("avx512-vnni") || has("avx-vnni") || has("amx-int8");
  }

  /** Whether it is an Arm processor of 64 bits. */
  public boolean isArm() {
    return architecture.equals("arm64");
  }

  /** Whether it has an instruction set of {@link #KNOWN_INSTRUCTIONS}. */
  public boolean has(String instruction) {
    return instructions.contains(instruction);
  }

  /**
   * Reads Linux' text.
   *
   * @param text the content of {@code /proc/cpuinfo}
   * @param architecture as the JVM calls it
   * @param logicalCores that this process may use
   */
  static HostCpu ofCpuinfo(String text, String architecture, int logicalCores) {
    String model = "";
    String implementer = "";
    String part = "";
    String socket = "0";
    Set<String> flags = new TreeSet<>();
    Set<String> cores = new HashSet<>();
    for (String line : text.split("\n", -1)) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String value = line.substring(colon + 1).strip();
      switch (line.substring(0, colon).strip()) {
        case "model name", "Model" -> model = value;
        case "CPU implementer" -> implementer = value;
        case "CPU part" -> part = value;
        case "physical id" -> socket = value;
        case "core id" -> cores.add(socket + "/" + value);
        case "flags", "Features" -> {
          if (flags.isEmpty()) {
            flags.addAll(Arrays.asList(value.split("\\s+")));
          }
        }
        default -> {}
      }
    }
    if (model.isEmpty() && !implementer.isEmpty()) {
      model = "Arm implementer " + implementer + " part " + part;
    }
    return new HostCpu(
        name(architecture), model, logicalCores, cores.size(), instructionsOf(flags));
  }

  /**
   * Reads the settings of macOS.
   *
   * @param settings by name
   * @param architecture as the JVM calls it
   * @param logicalCores that this process may use
   */
  static HostCpu ofSysctl(Map<String, String> settings, String architecture, int logicalCores) {
    Set<String> flags = new TreeSet<>();
    settings.forEach(
        (name, value) -> {
          if (name.startsWith("hw.optional.") && value.equals("1")) {
            flags.add(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
          }
        });
    return new HostCpu(
        name(architecture),
        settings.getOrDefault("machdep.cpu.brand_string", ""),
        logicalCores,
        Integer.parseInt(settings.getOrDefault("hw.physicalcpu", "0")),
        instructionsOf(flags));
  }

  /**
   * Reads the JVM's own text about the processor.
   *
   * @param text what the diagnostic command {@code VM.info} says
   * @param model of the processor, which is not in it
   * @param architecture as the JVM calls it
   * @param logicalCores that this process may use
   */
  static HostCpu ofVmInfo(String text, String model, String architecture, int logicalCores) {
    String cpuLine = text.lines().filter(line -> line.startsWith("CPU:")).findFirst().orElse("");
    Set<String> flags =
        Arrays.stream(cpuLine.toLowerCase(Locale.ROOT).split("[,\\s]+"))
            .collect(Collectors.toCollection(TreeSet::new));
    return new HostCpu(name(architecture), model, logicalCores, 0, instructionsOf(flags));
  }

  private static Set<String> instructionsOf(Set<String> flags) {
    return flags.stream()
        .map(flag -> SYNONYMS.getOrDefault(flag, flag))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String name(String architecture) {
    return switch (architecture) {
      case "amd64", "x86_64" -> "x86-64";
      case "aarch64", "arm64" -> "arm64";
      default -> architecture;
    };
  }

  private static Map<String, String> sysctl() throws IOException {
    Process process = new ProcessBuilder("/usr/sbin/sysctl", "hw", "machdep.cpu").start();
    Map<String, String> settings = new TreeMap<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int colon = line.indexOf(": ");
        if (colon > 0) {
          settings.put(line.substring(0, colon), line.substring(colon + 2).strip());
        }
      }
      process.waitFor(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroy();
    }
    return settings;
  }

  /** What {@code jcmd VM.info} prints; empty where the JVM does not offer it. */
  static String vmInfo() {
    try {
      Object text =
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  "vmInfo",
                  new Object[0],
                  new String[0]);
      return String.valueOf(text);
    } catch (JMException | RuntimeException e) {
      return "";
    }
  }
}
