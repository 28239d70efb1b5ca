package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompletionTest {
  @TempDir Path folder;

  private static String script(String shell) {
    Bench.Result result = new Bench().run("completion", shell);
    assertThat(result.code()).isZero();
    assertThat(result.err()).isEmpty();
    return result.out();
  }

  /** Asks bash itself what it would offer. */
  @ParameterizedTest(name = "{0}{1}")
  @CsvSource({
    "compress, insp, inspect",
    "compress, --quantize-m, --quantize-mode",
    "compress --quantize, in, int8 int4",
    "compress --target, cpu, cpu-vnni cpu-avx2",
    "compress completion, f, fish",
    "compress inspect, --js, --json"
  })
  void bashCompletes(String before, String word, String offered)
      throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no /bin/bash here");
    List<String> words = List.of((before + " " + word).split(" ", -1));
    StringBuilder quoted = new StringBuilder();
    words.forEach(w -> quoted.append('"').append(w).append("\" "));
    Path test =
        Files.writeString(
            folder.resolve("test.bash"),
            "compopt() { :; }\n" // there is no completion under way
                + script("bash")
                + "\nCOMP_WORDS=("
                + quoted
                + ")\nCOMP_CWORD="
                + (words.size() - 1)
                + "\n_complete_compress\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
    Process bash =
        new ProcessBuilder("/bin/bash", test.toString()).redirectErrorStream(true).start();
    String printed = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor()).isZero();
    assertThat(printed.split("\\s+")).containsExactlyInAnyOrder(offered.split(" ", -1));
  }

  @Test
  void zshGetsAScriptThatKnowsIt() {
    assertThat(script("zsh")).contains("ZSH_VERSION").contains("bashcompinit");
  }

  @Test
  void fishGetsItsOwn() {
    assertThat(script("fish"))
        .contains("complete -c compress -n '__fish_use_subcommand' -a inspect -d 'Show")
        .contains(" -l quantize -x -a 'int8 fp16 int4' -d ")
        .contains(" -s o -l output -r -F -d ")
        .contains(" -l dry-run -d 'Print the plan")
        .contains("'__fish_seen_subcommand_from completion' -x -a 'bash zsh fish'");
  }
}
