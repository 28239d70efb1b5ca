package dev.compress.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The command that starts a JVM like this one. */
final class ChildJvm {
  /** What of this JVM's own options the child takes over. */
  private static final List<String> TAKEN_OVER =
      List.of("-XX:SharedArchiveFile=", "--module-path=");

  private static final List<String> PROPERTIES =
      List.of("onnxruntime.native.path", "onnxruntime.native.onnxruntime.skip", "user.language");

  private ChildJvm() {}

  /**
   * The child, not yet started; all arguments are in a file, since class paths may pass the length
   * that some systems allow.
   *
   * @param folder the child's own: its temporary files go there
   */
  static ProcessBuilder process(
      Path folder, IsolatedSettings settings, Class<?> main, List<String> arguments)
      throws IOException {
    List<String> options = new ArrayList<>();
    options.add("-Xmx" + settings.heapMegabytes() + "m");
    options.add("-XX:+UseSerialGC");
    if (main.equals(IsolatedMain.class)) {
      options.add("-XX:TieredStopAtLevel=1"); // it lives too short for more
    }
    options.add("-Xshare:auto");
    options.add("--enable-native-access=ALL-UNNAMED");
    options.add("-XX:-CreateCoredumpOnCrash");
    options.add("-XX:ErrorFile=" + folder.resolve(CrashReport.FILE));
    options.add("-Djava.io.tmpdir=" + folder);
    Map<String, String> properties = new TreeMap<>();
    for (String key : PROPERTIES) {
      String value = System.getProperty(key);
      if (value != null) {
        properties.put(key, value);
      }
    }
    properties.putAll(settings.properties());
    properties.forEach((key, value) -> options.add("-D" + key + "=" + value));
    options.addAll(own());
    options.add("-cp");
    options.add(System.getProperty("java.class.path", "."));
    options.add(main.getName());
    options.addAll(arguments);
    Path file = folder.resolve("arguments");
    Files.write(file, options.stream().map(ChildJvm::quoted).toList());
    ProcessBuilder child = new ProcessBuilder(program(), "@" + file);
    child.environment().putAll(settings.environment());
    return child.redirectErrorStream(true).redirectOutput(folder.resolve("output").toFile());
  }

  private static String program() {
    Path bin = Path.of(System.getProperty("java.home", "."), "bin");
    Path windows = bin.resolve("java.exe");
    return (Files.exists(windows) ? windows : bin.resolve("java")).toString();
  }

  /** Read from the process itself: the management classes would take longer to load. */
  private static List<String> own() {
    Optional<String[]> arguments = ProcessHandle.current().info().arguments();
    List<String> taken = new ArrayList<>();
    for (String argument : arguments.orElse(new String[0])) {
      if (TAKEN_OVER.stream().anyMatch(argument::startsWith)) {
        taken.add(argument);
      }
    }
    return taken;
  }

  /** As files of arguments want it: backslashes doubled inside quotes. */
  private static String quoted(String argument) {
    return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
