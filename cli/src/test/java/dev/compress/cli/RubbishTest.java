package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.cli.console.Terminal;
import dev.compress.testing.SharedData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is thrown at the commands ends in one or two clear lines, with the real modules. */
class RubbishTest {
  private static final String TRANSFORM = "--quantize int8 --proof none -o out.onnx";

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    Files.writeString(file("page.onnx"), "<!DOCTYPE html><html><body>404</body></html>");
    Files.writeString(
        file("pointer.onnx"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n");
    Files.writeString(file("text.onnx"), "Not a model, but words.\n");
    Files.createFile(file("empty.onnx"));
    Files.createDirectory(file("folder.onnx"));
    Files.writeString(file("int9.yaml"), "quantize: int9\n");
    Files.writeString(file("unknown.json"), "{\"quantize\": \"int8\", \"colour\": 1}");
    Files.writeString(file("open.json"), "{");
    Files.writeString(file("seed.yaml"), "quantize: int8\nseed: many\n");
    Files.writeString(file("nan.yaml"), "low-rank: .nan\n");
    Files.writeString(file("nan.json"), "{\"prune\": NaN}");
    Files.writeString(file("config.yaml"), "inputz: {}\n");
    Files.writeString(file("words.csv"), "a,b\nc,d\n");
    Files.writeString(file("narrow.csv"), "f,g,label\n1,2,0\n3,4,1\n");
  }

  private Path file(String name) {
    return folder.resolve(name);
  }

  private static Bench.Result run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        new Program(Terminal.of(out, err, Map.of()), Wiring.ofModules(), new AtomicBoolean())
            .run(args);
    return new Bench.Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Words with a file's ending, and those after "./", are files of the test's folder. */
  private Bench.Result runHere(String line) {
    return run(
        Stream.of(line.split(" ", -1))
            .map(
                word ->
                    word.matches("[a-z0-9/-]+\\.(onnx|yaml|json|csv|html|npz)")
                        ? file(word).toString()
                        : word)
            .toArray(String[]::new));
  }

  private static void assertClear(Bench.Result result, int code) {
    assertThat(result.code()).as(result.err()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .startsWith("compress: ")
        .endsWith("\n")
        .doesNotContain("    at ")
        .doesNotContain("Exception")
        .doesNotContain("null");
    assertThat(result.err().lines().count()).isLessThanOrEqualTo(2);
    assertThat(result.err().lines()).allMatch(l -> l.length() > 10);
  }

  private List<String> made() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.startsWith("out") || n.startsWith("."))
          .toList();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "page.onnx",
        "pointer.onnx",
        "text.onnx",
        "empty.onnx",
        "folder.onnx",
      })
  void whatIsNoModelIsSaid(String name) throws IOException {
    assertClear(runHere(TRANSFORM + " " + name), 3);
    assertClear(runHere("inspect " + name), 3);
    assertThat(made()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "empty.onnx",
        "external-data-missing.onnx",
        "no-opset-ir1.onnx",
        "random.onnx",
        "shape-error.onnx",
        "truncated.onnx"
      })
  void brokenModelsOfOthersAreRefused(String name) throws IOException {
    Optional<Path> root = SharedData.data();
    assumeTrue(root.isPresent(), SharedData.WHY_ABSENT);
    String model = root.orElseThrow().resolve("broken").resolve(name).toString();
    assertClear(runHere(TRANSFORM + " " + model), 3);
    assertClear(runHere("inspect " + model), 3);
    assertThat(made()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "6 | No such file | --quantize int8 missing.onnx",
        "6 | No such file | inspect missing.onnx",
        "6 | does not exist | --quantize int8 sample:glyphs -o missing/out.onnx",
        "6 | is a folder | --quantize int8 sample:glyphs -o folder.onnx --force",
        "6 | is a folder | --quantize int8 sample:glyphs -o out.onnx --report folder.html",
        "6 | does not exist | --quantize int8 sample:glyphs -o out.onnx --report missing/r.html",
        "6 | does not exist | --calibration-data missing.npz " + TRANSFORM + " sample:glyphs",
        "6 | does not exist | --data-config missing.yaml --data words.csv "
            + TRANSFORM
            + " sample:glyphs",
        "6 | No such recipe | --recipe missing.yaml sample:glyphs",
        "6 | folder does not exist | models build resnet50 -o missing/out.onnx",
        "6 | is a folder | models build resnet8 -o folder.onnx --force",
        "6 | is a folder | distill --student text.onnx --train-data words.csv -o folder.onnx",
        "3 | unknown key 'inputz' | --data-config config.yaml --data narrow.csv "
            + TRANSFORM
            + " sample:glyphs",
        "3 | narrow.csv | --calibration-data narrow.csv " + TRANSFORM + " sample:glyphs",
        "3 | narrow.csv | --data narrow.csv " + TRANSFORM + " sample:glyphs",
        "3 | words.csv | --calibration-data words.csv " + TRANSFORM + " sample:glyphs",
        "3 | Cannot tell what | --calibration-data text.onnx " + TRANSFORM + " sample:glyphs",
        "3 | holds no dataset | --calibration-data folder.onnx " + TRANSFORM + " sample:glyphs",
        "3 | operator set 17 | --opset 9 " + TRANSFORM + " sample:glyphs",
        "2 | use one of | --recipe int9.yaml sample:glyphs",
        "2 | unknown key 'colour' | --recipe unknown.json sample:glyphs",
        "2 | is malformed | --recipe open.json sample:glyphs",
        "2 | 'seed' must be | --recipe seed.yaml sample:glyphs",
        "2 | There is no sample 'nosuch' | inspect sample:nosuch",
        "2 | There is no sample '' | " + TRANSFORM + " sample:",
        "2 | There is no sample 'x' | --calibration-data sample:x " + TRANSFORM + " sample:glyphs",
        "2 | There is no sample 'x' | --data sample:x " + TRANSFORM + " sample:glyphs",
        "2 | --threads must be 1 or more | --threads 0 " + TRANSFORM + " sample:glyphs",
        "2 | --calibration-samples must be | --calibration-samples -1 "
            + TRANSFORM
            + " sample:glyphs",
        "2 | --max-drop must be 0 or more | --max-drop NaN --data sample:glyphs "
            + TRANSFORM
            + " sample:glyphs",
        "2 | --max-drop must be 0 or more | --max-drop -1 --data sample:glyphs "
            + TRANSFORM
            + " sample:glyphs",
        "2 | --prune must be 0 or more and under 1 | --prune NaN sample:glyphs -o out.onnx",
        "2 | --prune must be 0 or more and under 1 | --prune 1e400% sample:glyphs",
        "2 | --low-rank must be over 0 and under 1 | --low-rank NaN sample:glyphs",
        "2 | --low-rank must be over 0 and under 1 | --low-rank 1e400 sample:glyphs",
        "2 | 'low-rank' must be a number | --recipe nan.yaml sample:glyphs",
        "2 | --prune must be 0 or more and under 1 | --recipe nan.json sample:glyphs",
        "2 | price must be 0 or more | evaluate --price 1e400 --data sample:glyphs sample:glyphs",
        "2 | is no regular expression | --exclude-nodes ( " + TRANSFORM + " sample:glyphs",
        "2 | use one of auto, full | --quantize int8 --proof some -o out.onnx sample:glyphs",
        "2 | no such method | --calibration-method mode " + TRANSFORM + " sample:glyphs",
        "2 | What is to be done | sample:glyphs -o out.onnx",
        "2 | exists already | --quantize int8 -o text.onnx sample:glyphs",
        "2 | One argument too many | inspect sample:glyphs text.onnx",
        "2 | Unknown option --quantize | inspect sample:glyphs --quantize int8",
        "2 | There is no architecture | models build resnet51 -o out.onnx"
      })
  void wrongUseIsSaid(int code, String message, String line) throws IOException {
    if (line.contains("folder.html")) {
      Files.createDirectory(file("folder.html"));
    }
    Bench.Result result = runHere(line);
    assertClear(result, code);
    assertThat(result.err()).contains(message);
    assertThat(made()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--prune-kind | Add --prune SHARE | --prune-kind channels",
        "--prune-kind | Add --prune SHARE | --prune-kind unstructured",
        "--prune-criterion | Add --prune SHARE | --prune-criterion magnitude",
        "--prune-allocation | Add --prune SHARE | --prune-allocation layer",
        "--prune-target | Add --prune SHARE | --prune-target macs",
        "--channel-round | Add --prune SHARE | --channel-round 4",
        "--prune-schedule | Add --prune SHARE | --prune-schedule agp",
        "--quantize-mode | Add --quantize int8 | --quantize-mode static",
        "--rounding | Add --quantize int8 | --rounding adaptive",
        "--calibration-method | Add --quantize int8 | --calibration-method mse",
        "--quantization-aware | Add --quantize int8 | --quantization-aware",
        "--train-data | Add --fine-tune EPOCHS | --train-data words.csv",
        "--validation-data | Add --fine-tune EPOCHS | --validation-data words.csv",
        "--augment | Add --fine-tune EPOCHS | --augment flip",
        "--checkpoint | Add --fine-tune EPOCHS | --checkpoint c.bin",
        "--resume | Add --fine-tune EPOCHS | --resume",
        "--cluster-groups | Add --cluster K | --cluster-groups 4",
        "--quantize-mode | Add --quantize int8 | --prune 0.5 --quantize-mode static",
        "--prune-kind | Add --prune SHARE | --prune-kind channels --prune-criterion bn"
      })
  void theOptionThatIsMissingIsNamed(String option, String missing, String line)
      throws IOException {
    Bench.Result result = runHere(line + " -o out.onnx sample:glyphs");
    assertClear(result, 2);
    assertThat(result.err()).contains(option, missing).doesNotContain("What is to be done");
    assertThat(made()).isEmpty();
  }

  @Test
  void emptyNamesAreNoFiles() {
    assertClear(run("--quantize", "int8", ""), 2);
    assertClear(run("--quantize", "int8", "sample:glyphs", "-o", ""), 6);
  }

  @Test
  void aFolderWithoutRightsIsSaidBeforeTheWork() throws IOException {
    Path locked = Files.createDirectory(file("locked"));
    assumeTrue(
        Files.getFileStore(locked).supportsFileAttributeView("posix"), "no POSIX rights here");
    Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeTrue(!Files.isWritable(locked), "this user may write everywhere");
    Bench.Result result = runHere("--quantize int8 sample:glyphs -o locked/out.onnx");
    assertClear(result, 6);
    assertThat(result.err()).contains("no permission");
  }

  /** The kernel's own file system takes no files, whoever asks. */
  @Test
  void aFolderThatTakesNoFilesIsSaid() {
    assumeTrue(Files.isDirectory(Path.of("/proc/self")), "no /proc here");
    Bench.Result result =
        run("--quantize", "int8", "--proof", "none", "sample:glyphs", "-o", "/proc/out.onnx");
    assertClear(result, 6);
    assertThat(result.err()).contains("Cannot write /proc/out.onnx");
  }
}
