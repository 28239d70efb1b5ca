package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What only a whole process shows: signals, pipes, terminals, and what is left behind. */
@Timeout(120)
class ProcessTest {
  private static final Path BASH = Path.of("/bin/bash");
  private static final Path SCRIPT = Path.of("/usr/bin/script");

  /** Bit 1 of the mask is signal 2. */
  private static final long INTERRUPT_BIT = 2;

  @TempDir Path folder;
  private Path work = Path.of("");
  private Path temporary = Path.of("");

  @BeforeEach
  void makeFolders() throws IOException {
    work = Files.createDirectory(folder.resolve("work"));
    temporary = Files.createDirectory(folder.resolve("tmp"));
  }

  private List<String> command(String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Djava.io.tmpdir=" + temporary);
    command.add("-Xlog:disable");
    command.add("--enable-native-access=ALL-UNNAMED"); // as the jar's manifest says
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(args));
    return command;
  }

  private Process start(List<String> command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(work.toFile())
            .redirectError(folder.resolve("stderr").toFile());
    builder.environment().remove("COLUMNS");
    builder.environment().remove("NO_COLOR");
    builder.environment().put("TERM", "xterm");
    builder.redirectOutput(folder.resolve("stdout").toFile());
    return builder.start();
  }

  private Bench.Result run(List<String> command) throws IOException, InterruptedException {
    return finished(start(command));
  }

  private Bench.Result finished(Process process) throws IOException, InterruptedException {
    assertThat(process.waitFor(100, TimeUnit.SECONDS)).as("ended").isTrue();
    return new Bench.Result(
        process.exitValue(),
        Files.readString(folder.resolve("stdout")),
        Files.readString(folder.resolve("stderr")));
  }

  private static String shell(List<String> command) {
    StringBuilder line = new StringBuilder();
    command.forEach(word -> line.append('\'').append(word).append("' "));
    return line.toString();
  }

  private static List<Path> left(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> !isOfOnnxRuntime(f)).toList();
    }
  }

  /** The folder that ONNX Runtime unpacked itself into, and left; the distribution needs none. */
  private static boolean isOfOnnxRuntime(Path file) {
    String[] content = file.toFile().list();
    return file.getFileName().toString().startsWith("onnxruntime-java")
        && (content == null || content.length == 0);
  }

  /**
   * A process whose parent ignores Ctrl-C, as one in the background of a script, ignores it too.
   */
  private static boolean canBeInterrupted(Process process) throws IOException {
    Path status = Path.of("/proc/" + process.pid() + "/status");
    if (!Files.isReadable(status)) {
      return true;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("SigIgn:")) {
        long mask = Long.parseUnsignedLong(line.substring(7).strip(), 16);
        return (mask & INTERRUPT_BIT) == 0;
      }
    }
    return true;
  }

  /** Waits for a moment of the run: while it calibrates, or while a child process measures. */
  private void await(Process process, boolean proving) throws IOException, InterruptedException {
    while (process.isAlive()) {
      boolean there =
          proving
              ? process.toHandle().children().findAny().isPresent()
              : !left(temporary).isEmpty();
      if (there) {
        return;
      }
      Thread.sleep(5);
    }
    throw new AssertionError("It ended too early");
  }

  @ParameterizedTest(name = "{0}, while the output is measured: {2}")
  @CsvSource({"INT, 130, false", "INT, 130, true", "TERM, 143, false"})
  void stopsWithoutLeavings(String signal, int code, boolean proving)
      throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(BASH), "no /bin/bash here");
    Process process = start(command("--quantize", "int8", "sample:glyphs", "-o", "g.onnx"));
    try {
      assumeTrue(canBeInterrupted(process), "this process ignores Ctrl-C, and so do its children");
      await(process, proving);
      new ProcessBuilder(BASH.toString(), "-c", "kill -" + signal + " " + process.pid())
          .start()
          .waitFor();
      Bench.Result result = finished(process);
      assertThat(result.code()).isEqualTo(code);
      assertThat(result.out()).isEmpty();
      assertThat(result.err()).startsWith("compress: Interrupted");
      assertThat(result.err().lines()).hasSize(1);
      if (result.err().contains("is complete")) {
        assertThat(left(work)).containsExactly(work.resolve("g.onnx"));
        assertThat(run(command("inspect", "g.onnx")).code()).isZero();
      } else {
        assertThat(left(work)).isEmpty();
      }
      assertThat(left(temporary)).isEmpty();
    } finally {
      process.destroyForcibly();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect sample:glyphs", "inspect sample:glyphs --json", "doctor --json"})
  void aReaderThatLeavesIsNoError(String args) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(BASH), "no /bin/bash here");
    String line = shell(command(args.split(" ", -1)));
    Bench.Result result =
        run(List.of(BASH.toString(), "-c", line + "| head -n 1; exit ${PIPESTATUS[0]}"));
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out().lines()).hasSize(1);
  }

  @Test
  void aFullDiskIsAnError() throws IOException, InterruptedException {
    assumeTrue(Files.exists(Path.of("/dev/full")), "no /dev/full here");
    String line = shell(command("models"));
    Bench.Result result = run(List.of(BASH.toString(), "-c", line + "> /dev/full"));
    assertThat(result.code()).isEqualTo(6);
    assertThat(result.err()).startsWith("compress: cannot write to standard output");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--quantize int8 --proof kernels sample:glyphs -o g.onnx --json",
        "inspect sample:glyphs --json",
        "doctor --json",
        "models --json"
      })
  void jsonIsAllThereIs(String args) throws IOException, InterruptedException {
    Bench.Result result = run(command(args.split(" ", -1)));
    assertThat(result.code()).isZero();
    assertThat(result.err()).as("no progress where there is no terminal").isEmpty();
    JsonNode document =
        new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .readTree(result.out());
    assertThat(document.at("/schema").asText()).startsWith("compress.");
    assertThat(left(temporary)).isEmpty();
  }

  /** A run on a terminal of its own, by the program script. */
  private String onTerminal(String settings, String... args)
      throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(SCRIPT), "no program 'script' here");
    String line = "stty cols 72; " + settings + shell(command(args));
    Bench.Result result = run(List.of(SCRIPT.toString(), "-qec", line, "/dev/null"));
    assertThat(result.code()).isZero();
    return result.out();
  }

  @Test
  void aTerminalGetsProgressColoursAndItsWidth() throws IOException, InterruptedException {
    String shown = onTerminal("", "--quantize", "int8", "sample:glyphs", "-o", "g.onnx");
    assertThat(shown).contains("prove").contains("\r\u001b[K").contains("\u001b[1m");
    String report = shown.substring(shown.lastIndexOf("\r\u001b[K") + 4);
    assertThat(report.replaceAll("\u001b\\[[0-9;]*m", "").lines())
        .hasSizeGreaterThan(10)
        .allMatch(l -> l.length() <= 72 || l.contains("glyphs.onnx"));
  }

  @Test
  void aTerminalThatWantsNoColoursGetsNone() throws IOException, InterruptedException {
    assertThat(onTerminal("NO_COLOR=1 ", "doctor")).doesNotContain("\u001b[");
    assertThat(onTerminal("", "doctor")).contains("\u001b[");
  }
}
