package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.ToolVersion;
import dev.compress.error.CancelledException;
import dev.compress.error.CompressionException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.GateFailedException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.OutputExistsException;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.evaluation.energy.EnergyChoice;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeBuilder;
import dev.compress.train.TrainingFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What scripts rely on: options, exit codes, streams and files. */
class ProgramTest {
  private final Bench bench = new Bench();
  @TempDir Path folder;
  private Path model = Path.of("");

  @BeforeEach
  void makeModel() throws IOException {
    model = Files.write(folder.resolve("net.onnx"), new byte[] {1});
  }

  private Bench.Result compress(String... args) {
    return bench.run(
        Stream.concat(Stream.of("--quantize", "int8", model.toString()), Stream.of(args))
            .toArray(String[]::new));
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(2, new OutputExistsException("x.onnx exists already. Use --force.")),
        Arguments.of(2, new UsageException("--target x: use one of arm, cuda.")),
        Arguments.of(3, new InvalidModelException("bad.onnx is cut off. Export it again.")),
        Arguments.of(3, new UnsupportedModelException("Opset 99 is unknown. Convert it.")),
        Arguments.of(3, new InvalidDataException("'x' has 3 dims, not 4. Give a descriptor.")),
        Arguments.of(4, new DeviceUnavailableException("No CUDA here. Install the driver.")),
        Arguments.of(5, new GateFailedException("top1 fell by 2 points. Allow more.")),
        Arguments.of(6, new ReadWriteException("No space left on device. Free some.")),
        Arguments.of(6, new UncheckedIOException(new NoSuchFileException("gone.npz"))),
        Arguments.of(130, new CancelledException("Cancelled.")),
        Arguments.of(2, new InvalidPathException("?.onnx", "Malformed input")),
        Arguments.of(1, new CompressionException("of no known kind")),
        Arguments.of(1, new NullPointerException("boom")),
        Arguments.of(1, new IllegalArgumentException("deep inside")));
  }

  @ParameterizedTest(name = "{0} for {1}")
  @MethodSource("failures")
  void turnsErrorsIntoExitCodes(int code, RuntimeException failure) throws IOException {
    bench.failure = failure;
    Bench.Result result = compress();
    assertThat(result.code()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("compress: ").doesNotContain("    at ");
    assertThat(result.err().lines().count()).isBetween(1L, 2L);

    Bench.Result json = compress("--json");
    assertThat(json.code()).isEqualTo(code);
    JsonNode error = new ObjectMapper().readTree(json.out()).get("error");
    assertThat(error.get("code").asInt()).isEqualTo(code);
    assertThat(error.get("message").asText()).isNotEmpty();
    assertThat(error.has("where")).isTrue();
    assertThat(error.has("advice")).isTrue();
    assertThat(json.err()).isEqualTo(result.err());

    assertThat(compress("-v").err()).contains("    at ");
  }

  @Test
  void namesWhatCannotBeAPath() {
    for (String option : List.of("--output", "--report")) {
      Bench.Result result = compress(option, "a\0b.html");
      assertThat(result.code()).isEqualTo(2);
      assertThat(result.err()).contains(option + ": 'a?b.html' cannot be a path", "LC_ALL=C.UTF-8");
      assertThat(result.err()).doesNotContain("Exception");
    }
  }

  @Test
  void splitsMessagesIntoWhatAndAdvice() throws IOException {
    bench.failure = new InvalidModelException("net.onnx, node a.b: no. Not so? Export it again.");
    JsonNode error = new ObjectMapper().readTree(compress("--json").out()).get("error");
    assertThat(error.get("message").asText()).isEqualTo("net.onnx, node a.b: no. Not so?");
    assertThat(error.get("advice").asText()).isEqualTo("Export it again.");
    assertThat(error.get("where").asText()).isEqualTo(model.toString());
  }

  @Test
  void asksForAReportOfABug() {
    bench.failure = new IllegalStateException("impossible");
    assertThat(compress().err())
        .contains("A bug in compress")
        .contains("IllegalStateException: impossible at dev.compress")
        .contains("report it");
  }

  @Test
  void saysHowToGiveMoreMemory() {
    bench.error = new OutOfMemoryError("Java heap space");
    Bench.Result result = compress();
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("Out of memory").contains("COMPRESS_OPTS=-Xmx");
  }

  @Test
  void aCalibrationCacheTakesCalibrationData() {
    Bench.Result result = compress("--calibration-cache", "ranges.bin");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("--calibration-cache").contains("--calibration-data PATH");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-o other.onnx --force --force",
        "--threads 1 -o other.onnx --threads 2",
        "--quantize-mode static --target arm --target=cuda"
      })
  void anOptionThatIsGivenTwiceIsRefused(String options) {
    Bench.Result result = compress(options.split(" ", -1));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("twice").containsAnyOf("--force", "--threads", "--target");
    assertThat(bench.requests).isEmpty();
  }

  @Test
  void severalReportsAreTaken() {
    Path json = folder.resolve("a.json");
    Path html = folder.resolve("b.html");
    Bench.Result result =
        compress("--threads", "3", "--report", json.toString(), "--report", html.toString());
    assertThat(result.err()).isEmpty();
    assertThat(json).isNotEmptyFile();
    assertThat(html).isNotEmptyFile();
    assertThat(bench.requests).hasSize(1);
  }

  @Test
  void passesEveryOptionOn() {
    Bench.Result result =
        compress(
            ("--quantize-mode static --target arm --rounding adaptive --exclude-nodes ^head"
                    + " --exclude-ops Gemm,MatMul --only-nodes body --opset 17"
                    + " --calibration-data c.npz --calibration-samples 100"
                    + " --calibration-method kl --calibration-cache ranges.bin --data d.npz"
                    + " --data-config d.yaml --max-drop 0.3 --proof kernels --strict --seed 7"
                    + " --threads 3 --energy none --prune 50% --prune-kind 2:4"
                    + " --prune-criterion activation --prune-allocation layer --prune-target macs"
                    + " --channel-round 4 --low-rank 0.9 --cluster 16"
                    + " --cluster-groups 8 --pack always")
                .split(" ", -1));
    assertThat(result.err()).isEmpty();
    assertThat(bench.requests)
        .containsExactly(
            new TransformEngine.Request(
                new RecipeBuilder()
                    .quantize("int8")
                    .quantizeMode("static")
                    .target("arm")
                    .excludeNodes("^head")
                    .excludeOps("Gemm,MatMul")
                    .onlyNodes("body")
                    .calibrationData("c.npz")
                    .calibrationSamples(100)
                    .calibrationMethod("kl")
                    .rounding("adaptive")
                    .data("d.npz")
                    .dataConfig("d.yaml")
                    .maxDrop(0.3)
                    .opset(17)
                    .proof("kernels")
                    .strict(true)
                    .seed(7L)
                    .threads(3)
                    .prune(0.5)
                    .pruneKind("2:4")
                    .pruneCriterion("activation")
                    .pruneAllocation("layer")
                    .pruneTarget("macs")
                    .channelRound(4)
                    .lowRank(0.9)
                    .cluster(16)
                    .clusterGroups(8)
                    .pack("always")
                    .build(),
                model.toString(),
                java.util.Optional.of(Path.of("ranges.bin")),
                EnergyChoice.parse("none"),
                TrainingFiles.NONE));
  }

  @Test
  void groupsOfChannelsNeedClusters() {
    assertThat(compress("--cluster-groups", "4").code()).isEqualTo(2);
    assertThat(compress("--cluster-groups", "4").err()).contains("Add --cluster K");
    assertThat(compress("--cluster", "16", "--cluster-groups", "0").code()).isEqualTo(2);
    assertThat(compress("--cluster", "16", "--cluster-groups", "x").code()).isEqualTo(2);
    assertThat(bench.requests).isEmpty();
    assertThat(compress("--cluster", "16", "--cluster-groups", "4").code()).isZero();
    assertThat(bench.output).isEqualTo(folder.resolve("net.cluster16x4.int8.onnx"));
  }

  @Test
  void leavesDefaultsToTheLibrary() {
    compress();
    assertThat(bench.requests.get(0).recipe()).isEqualTo(Recipe.EMPTY.withQuantize("int8"));
    assertThat(bench.output).isEqualTo(folder.resolve("net.int8.onnx"));
    assertThat(bench.overwrite).isFalse();
  }

  @Test
  void takesARecipeThatOptionsOverride() throws IOException {
    Path recipe =
        Files.writeString(folder.resolve("r.yaml"), "quantize: fp16\nseed: 3\nthreads: 2\n");
    Bench.Result result = bench.run("--recipe", recipe.toString(), "--seed", "9", model.toString());
    assertThat(result.code()).isZero();
    Recipe used = bench.requests.get(0).recipe();
    assertThat(used.quantize()).isEqualTo("fp16");
    assertThat(used.seed()).isEqualTo(9);
    assertThat(used.threads()).isEqualTo(2);
    assertThat(bench.output).isEqualTo(folder.resolve("net.fp16.onnx"));
  }

  @Test
  void refusesUnknownKeysOfARecipe() throws IOException {
    Path recipe = Files.writeString(folder.resolve("r.yaml"), "quantise: int8\n");
    Bench.Result result = bench.run("--recipe", recipe.toString(), model.toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("'quantise'").contains("calibration-data, ");
  }

  @Test
  void savesTheRecipe() throws IOException {
    Path saved = folder.resolve("saved.json");
    assertThat(compress("--save-recipe", saved.toString(), "--seed", "4").code()).isZero();
    assertThat(new ObjectMapper().readTree(Files.readString(saved)))
        .isEqualTo(new ObjectMapper().readTree("{\"quantize\": \"int8\", \"seed\": 4}"));
    assertThat(compress("--save-recipe", saved.toString()).code()).as("exists").isEqualTo(2);
    assertThat(compress("--save-recipe", folder.resolve("r.txt").toString()).code()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "a/model.onnx, int8, a/model.int8.onnx",
    "model.ONNX, fp16, model.fp16.onnx",
    "model.v2.onnx, int4, model.v2.int4.onnx",
    "model, int8, model.int8.onnx",
    "sample:glyphs, int8, glyphs.int8.onnx"
  })
  void namesOutputsBesideInputs(String input, String format, String output) {
    assertThat(OutputName.of(input, format)).isEqualTo(Path.of(output));
  }

  @Test
  void doesNotReplaceAnOutputUnasked() throws IOException {
    Files.write(folder.resolve("net.int8.onnx"), new byte[1]);
    Bench.Result result = compress();
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("net.int8.onnx exists already").contains("--force");
    assertThat(bench.requests).isEmpty();
    assertThat(compress("--force").code()).isZero();
    assertThat(bench.overwrite).isTrue();
    assertThat(compress("--dry-run").code()).as("writes nothing").isZero();
  }

  @Test
  void findsWrongPathsBeforeTheWork() {
    assertThat(compress("-o", folder.resolve("no/x.onnx").toString()).code()).isEqualTo(6);
    assertThat(compress("-o", folder.toString(), "--force").code()).isEqualTo(6);
    assertThat(compress("--report", folder.resolve("no/x.json").toString()).code()).isEqualTo(6);
    assertThat(compress("--report", "x.pdf").code()).isEqualTo(2);
    Bench.Result missing = bench.run("--quantize", "int8", folder.resolve("no.onnx").toString());
    assertThat(missing.code()).isEqualTo(6);
    assertThat(missing.err()).contains("no.onnx");
    assertThat(bench.requests).isEmpty();
  }

  @Test
  void printsJsonAndNothingElse() throws IOException {
    Bench.Result result = compress("--json");
    assertThat(result.err()).isEmpty();
    JsonNode report = new ObjectMapper().readTree(result.out());
    for (String key :
        List.of(
            "/schema",
            "/tool/version",
            "/tool/onnxruntime",
            "/input/path",
            "/input/sha256",
            "/input/bytes",
            "/input/parameters",
            "/output/path",
            "/output/sha256",
            "/output/bytes",
            "/output/bytes_zipped",
            "/output/ratio",
            "/recipe",
            "/wall_seconds",
            "/peak_rss_bytes",
            "/passes/0/name",
            "/passes/0/seconds",
            "/passes/0/changed",
            "/passes/1/skipped/0/node",
            "/passes/1/skipped/0/op",
            "/passes/1/skipped/0/reason",
            "/kernels/integer/Conv",
            "/kernels/float/Gemm",
            "/kernels/unplanned_float/0",
            "/sparsity",
            "/bits_per_weight",
            "/warnings/0",
            "/integer_mac_share",
            "/load_ms",
            "/load_peak_bytes")) {
      assertThat(report.at(key).isMissingNode()).as(key).isFalse();
    }
    assertThat(report.at("/schema").asText()).isEqualTo("compress.transform/1");
    assertThat(report.at("/recipe/quantize").asText()).isEqualTo("int8");
    assertThat(report.at("/bits_per_weight").isNull()).as("no number").isTrue();
  }

  @Test
  void writesReports() throws IOException {
    Path json = folder.resolve("r.json");
    Path html = folder.resolve("r.HTML");
    Bench.Result result = compress("--report", json.toString(), "--report", html.toString(), "-q");
    assertThat(result).isEqualTo(new Bench.Result(0, "", ""));
    assertThat(Files.readString(json)).isEqualTo(compress("--json").out());
    assertThat(Files.readString(html)).startsWith("<!DOCTYPE html>");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).hasSize(3);
    }
  }

  @Test
  void writesTheReportOfAFailedGate() throws IOException {
    bench.gate = new GateFailedException("top1 fell by 2 points. Allow more.");
    Path json = folder.resolve("r.json");
    Bench.Result result = compress("--report", json.toString());
    assertThat(result.code()).isEqualTo(5);
    assertThat(result.err()).contains("top1 fell by 2 points").contains("Allow more.");
    assertThat(new ObjectMapper().readTree(Files.readString(json)).get("output").isNull()).isTrue();
  }

  @Test
  void aFailedGatesJsonIsOneDocument() throws IOException {
    bench.gate = new GateFailedException("top1 fell by 2 points. Allow more.");
    Bench.Result result = compress("--json");
    assertThat(result.code()).isEqualTo(5);
    JsonNode document = new ObjectMapper().readTree(result.out());
    assertThat(document.at("/error/code").asInt()).isEqualTo(5);
    assertThat(document.at("/schema").asText()).isEqualTo("compress.transform/1");
  }

  @Test
  void printsAReport() {
    Bench.Result result = compress();
    assertThat(result.err()).isEmpty();
    assertThat(result.out())
        .contains("net.int8.onnx")
        .contains("3.75× smaller (297 kB zipped)")
        .contains("2.29× faster (2.27 to 2.31), 1 thread")
        .contains("0.04 points lost, 5,000 samples")
        .contains("8 Conv")
        .contains("2  Gemm  a small matrix: slower in integers")
        .contains("float instead of integer: conv-9")
        .contains("warning: a warning")
        .contains("note: a note")
        .doesNotContain("\u001b")
        .doesNotContain("fold-constants");
    assertThat(compress("-v", "--force").out())
        .contains("fold-constants")
        .contains("gemm-2  Gemm")
        .contains("Conv: static int8");
  }

  @ParameterizedTest
  @ValueSource(ints = {80, 120})
  void keepsToTheWidth(int width) {
    bench.environment.put("COLUMNS", Integer.toString(width));
    compress()
        .out()
        .lines()
        .skip(1)
        .forEach(l -> assertThat(l.length()).isLessThanOrEqualTo(width));
    bench
        .run("--help")
        .out()
        .lines()
        .forEach(l -> assertThat(l.length()).isLessThanOrEqualTo(width));
  }

  @Test
  void usesColoursOnAScreenOnly() {
    bench.screen = true;
    assertThat(compress().out()).contains("\u001b[1m");
    assertThat(compress("--no-color").out()).doesNotContain("\u001b");
    bench.environment.put("NO_COLOR", "1");
    assertThat(compress().out()).doesNotContain("\u001b");
    bench.environment.put("NO_COLOR", "");
    assertThat(compress().out()).contains("\u001b[1m");
    bench.environment.put("TERM", "dumb");
    assertThat(compress().out()).doesNotContain("\u001b");
  }

  /** A name may hold what sets a terminal's title or fakes a line; colours are the tool's own. */
  @Test
  void controlCharactersInErrorsAreShownNotSent() {
    bench.screen = true;
    String hostile = "a\u001b]0;title\u0007\u009b2J\r\nb\u007f";
    bench.failure = new InvalidModelException("Node " + hostile + " is cut off. Export it again.");
    assertThat(compress("-v").err())
        .contains("\u001b[31mcompress:\u001b[0m Node a\\u001b]0;title\\u0007")
        .doesNotContain("\u001b]")
        .doesNotContainPattern("[\\x00-\\x09\\x0b-\\x1a\\x1c-\\x1f\\x7f-\\x9f]");
  }

  /** What was learned until then is written, and the report says so. */
  @Test
  void anInterruptedTuningEndsAsInterruptedWithAModel() throws IOException {
    bench.interrupted = true;
    Path state = folder.resolve("state");
    Files.writeString(state, "as it was");
    Bench.Result result =
        compress("--fine-tune", "2", "--train-data", "x", "--checkpoint", state.toString());
    assertThat(result.code()).isEqualTo(130);
    assertThat(result.err()).contains("holds the best so far").contains("Go on with --resume");
    assertThat(state).exists();
    TransformEngine.Request request = bench.requests.get(0);
    assertThat(request.tuning().checkpoint()).contains(state);
    assertThat(request.tuning().resume()).isFalse();
    Files.writeString(Objects.requireNonNull(bench.output), "the best so far");
    assertThat(compress("--fine-tune", "2", "--train-data", "x").code()).isEqualTo(2);
    bench.interrupted = false;
    Bench.Result again =
        compress(
            "--fine-tune", "2", "--train-data", "x", "--checkpoint", state.toString(), "--resume");
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(bench.overwrite).as("the best so far is replaced").isTrue();
    assertThat(bench.requests.get(1).tuning().resume()).isTrue();
  }

  @Test
  void needsAModelAndSomethingToDo() {
    assertThat(bench.run().code()).isEqualTo(2);
    assertThat(bench.run().err()).contains("Which model?");
    assertThat(bench.run(model.toString()).code()).isEqualTo(2);
    assertThat(bench.run(model.toString()).err()).contains("--quantize");
    assertThat(compress("--max-drop", "1").err()).contains("--data");
    assertThat(compress("--data-config", "x.yaml").err()).contains("--data");
    assertThat(compress("--data", "sample:glyphs", "--data-config", "x.yaml").err())
        .contains("sample:NAME has a description of its own");
    assertThat(compress("second.onnx").code()).isEqualTo(2);
    assertThat(compress("--fine-tune", "3").err()).contains("--train-data PATH");
    assertThat(compress("--train-data", "x").err()).contains("--fine-tune EPOCHS");
    assertThat(compress("--resume", "--prune", "0.5").err()).contains("--fine-tune EPOCHS");
    assertThat(compress("--fine-tune", "0", "--train-data", "x").err())
        .contains("--fine-tune must be 1 or more");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "frob | No such command or file: frob.",
        "inspct | No such command or file: inspct; did you mean inspect?",
        "--quantise int8 m.onnx | Did you mean --quantize?",
        "--threads many m.onnx | 'many' is not an int",
        "--quantize | Missing required parameter",
        "inspect | Missing required parameter",
        "completion tcsh | not for tcsh",
        "models sell | knows list"
      })
  void explainsWrongUse(String line, String message) throws IOException {
    Bench.Result result = bench.run(line.split(" ", -1));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains(message).contains("compress --help");
    assertThat(result.err().lines().count()).isLessThanOrEqualTo(2);
    String[] json = (line + " --json").split(" ", -1);
    assertThat(new ObjectMapper().readTree(bench.run(json).out()).at("/error/code").asInt())
        .isEqualTo(2);
  }

  @Test
  void takesStandardOptionsBeforeACommand() {
    assertThat(bench.run("--json", "models").out()).startsWith("{");
    assertThat(bench.run("-q", "models").out()).isEmpty();
  }

  @Test
  void printsItsVersion() {
    assertThat(bench.run("--version").out()).startsWith("compress ").contains("Java ");
    assertThat(bench.run("-V").code()).isZero();
    assertThat(ToolVersion.current()).isNotEqualTo("development");
  }

  /** It is half, and takes no other share: there is nothing to say. */
  @Test
  void twoOfFourNeedsNoShare() {
    Bench.Result result = bench.run("--prune-kind", "2:4", "--json", model.toString());
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("net.prune50.onnx");
  }
}
