package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./compress} of a source tree: which of its two builds it makes and runs, and when. */
class LauncherTest {
  /** Stands for Maven: notes what it is asked for, and makes a program that says which it is. */
  private static final String BUILD =
      """
      #!/bin/sh
      printf '%s\\n' "$*" >>builds
      printf '%s' "${LC_ALL-}" >locale
      [ ! -f broken ] || exit 1
      which=
      for argument; do
        case $argument in -Dcompress.distribution=*) which=${argument#*=} ;; esac
      done
      bin=cli/target/quick/compress-${which:-launcher}/bin
      mkdir -p "$bin"
      printf '#!/bin/sh\\necho %s "$@"\\n' "${which:-launcher}" >"$bin/compress"
      chmod +x "$bin/compress"
      """;

  @TempDir Path root;
  private Path source = Path.of("");
  private String locale = "";

  private record Result(int code, String out, String err) {}

  @BeforeEach
  void makeATree() throws IOException {
    assumeTrue(!System.getProperty("os.name").startsWith("Windows"), "a script of the POSIX shell");
    Path script = Path.of("..", "compress");
    program("compress", Files.readString(script));
    program("mvnw", BUILD);
    source = Files.createDirectories(root.resolve("cli/src/main/java")).resolve("Main.java");
    Files.writeString(source, "class Main {}");
    for (String folder : new String[] {"cli/src/assembly", "cli/src/dist"}) {
      Files.createDirectories(root.resolve(folder));
    }
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    Files.writeString(root.resolve("cli/pom.xml"), "<project/>");
  }

  private void program(String name, String text) throws IOException {
    Path file = Files.writeString(root.resolve(name), text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Result run(String... arguments) throws IOException, InterruptedException {
    return run(root.resolve("compress"), arguments);
  }

  private Result run(Path script, String... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(script.toString()));
    line.addAll(List.of(arguments));
    Path err = root.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(line).directory(root.toFile()).redirectError(err.toFile());
    List.of("LC_CTYPE", "LANG").forEach(builder.environment()::remove);
    builder.environment().put("LC_ALL", locale);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), out.strip(), Files.readString(err));
  }

  private List<String> builds() throws IOException {
    Path log = root.resolve("builds");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  private static void assumeTraining() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "elsewhere there is one build");
  }

  @Test
  void buildsOnFirstUseAndThenStartsAtOnce() throws Exception {
    Result first = run("--quantize", "int8", "a b.onnx");
    assertThat(first.out()).isEqualTo("launcher --quantize int8 a b.onnx");
    assertThat(first.err()).contains("building from source");
    assertThat(run("--save-recipe", "distill", "m.onnx").out()).startsWith("launcher ");
    Result second = run("doctor");
    assertThat(second.out()).isEqualTo("launcher doctor");
    assertThat(second.err()).isEmpty();
    assertThat(builds()).hasSize(1).first().asString().doesNotContain("compress.training");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "distill --student s.onnx",
        "--prune 0.5 --fine-tune 3 m.onnx",
        "--fine-tune=3 m.onnx",
        "--prune 0.5 --prune-criterion taylor m.onnx",
        "--prune-criterion=taylor --prune 0.5 m.onnx",
        "--prune-criterion Taylor --prune 0.5 m.onnx",
        "-v distill"
      })
  void whatTrainsHasABuildOfItsOwn(String line) throws Exception {
    assumeTraining();
    assertThat(run(line.split(" ", -1)).out()).isEqualTo("training " + line);
    assertThat(builds())
        .singleElement()
        .asString()
        .contains("-Dcompress.training", "-Dcompress.distribution=training");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "prune-criterion: taylor",
        "fine-tune: 3",
        "{\"fine-tune\": 3}",
        "prune-criterion: 'Taylor'",
        "'fine-tune': 3",
        "prune: 0.5\nfine-tune: 12"
      })
  void soDoesARecipeThatTrains(String text) throws Exception {
    assumeTraining();
    Path recipe = Files.writeString(Files.createTempFile("recipe", ".yaml"), text);
    try {
      assertThat(run("--recipe", recipe.toString(), "m.onnx").out()).startsWith("training ");
      assertThat(run("--recipe=" + recipe, "m.onnx").out()).startsWith("training ");
      Files.writeString(recipe, "prune: 0.5\nprune-criterion: magnitude");
      assertThat(run("--recipe=" + recipe, "m.onnx").out()).startsWith("launcher ");
    } finally {
      Files.delete(recipe);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "inspect distill.onnx",
        "--quantize int8 fine-tune.onnx",
        "inspect -",
        "--prune-criterion magnitude taylor"
      })
  void aNameThatLooksLikeItDoesNotTrain(String line) throws Exception {
    assertThat(run(line.split(" ", -1)).out()).isEqualTo("launcher " + line);
  }

  /** Side by side: neither takes the other's place, and a change makes both anew. */
  @Test
  void bothBuildsStayAndAreMadeAnewAfterAChange() throws Exception {
    assumeTraining();
    run("doctor");
    run("distill");
    assertThat(run("doctor").out()).isEqualTo("launcher doctor");
    assertThat(run("distill").out()).isEqualTo("training distill");
    assertThat(builds()).hasSize(2);
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(600)));
    run("distill");
    run("doctor");
    assertThat(builds()).hasSize(4);
    assertThat(root.resolve("cli/target").toFile().list())
        .doesNotContain("launcher.old", "launcher-training.old", "launcher.lock");
  }

  @Test
  void aBuildThatFailsSaysSoAndLeavesTheOldOne() throws Exception {
    run("doctor");
    Path marker = Files.writeString(root.resolve("broken"), "");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(600)));
    Result failed = run("doctor");
    assertThat(failed.code()).isEqualTo(1);
    assertThat(failed.out()).isEmpty();
    assertThat(failed.err()).contains("the build failed");
    assertThat(root.resolve("cli/target/launcher/bin/compress")).exists();
    assertThat(root.resolve("cli/target/launcher.lock")).doesNotExist();
    Files.delete(marker);
    assertThat(run("doctor").out()).isEqualTo("launcher doctor");
  }

  @Test
  void isFoundThroughALinkAndFromElsewhere() throws Exception {
    Path link =
        Files.createSymbolicLink(
            Files.createDirectories(root.resolve("bin dir")).resolve("c"),
            Path.of("..", "compress"));
    assertThat(run(link, "doctor").out()).isEqualTo("launcher doctor");
  }

  /** In that of POSIX, Maven does not start in a folder whose name has other letters. */
  @Test
  void buildsInALocaleWithAllLetters() throws Exception {
    for (String given : List.of("", "C", "POSIX", "de_DE.UTF-8")) {
      locale = given;
      Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(600)));
      run("doctor");
      assertThat(root.resolve("locale")).hasContent(given.startsWith("de") ? given : "C.UTF-8");
    }
  }
}
