package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.cli.console.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTest {
  /** Every option of the contract that this version has, and none that it has not. */
  @Test
  void namesAllOptionsAndCommands() {
    Bench.Result help = new Bench().run("--help");
    assertThat(help.code()).isZero();
    assertThat(help.err()).isEmpty();
    for (String word :
        ("--quantize --quantize-mode --calibration-data --calibration-samples --calibration-method"
                + " --calibration-cache --target --exclude-nodes --exclude-ops --only-nodes --data"
                + " --data-config --max-drop --rounding --strict --proof --recipe --save-recipe"
                + " --opset --seed --threads -o --output --force --report --dry-run --json -v -q"
                + " --no-color --version inspect doctor models completion"
                + " --prune --prune-kind --prune-criterion --prune-allocation --cluster --cluster-groups --pack"
                + " --prune-target --channel-round unpack")
            .split(" ", -1)) {
      assertThat(help.out()).containsPattern("(?m)(^|[ ,])" + word + "([ =,\n]|$)");
    }
    assertThat(help.out()).contains("evaluate").contains("distill");
  }

  /** Each command's name is known to what decides whether commands are looked for at all. */
  @Test
  void noCommandIsTakenForAModel() {
    Terminal terminal =
        Terminal.of(OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), Map.of());
    AtomicBoolean cancelled = new AtomicBoolean();
    Wiring wiring = Wiring.ofModules();
    Set<String> known = new HashSet<>(Program.NOT_THE_JOB);
    known.removeAll(Set.of("-h", "--help", "-V", "--version"));
    assertThat(
            new Program(terminal, wiring, cancelled)
                .commandLine(new CompressCommand(terminal, wiring, cancelled))
                .getSubcommands()
                .keySet())
        .isEqualTo(known);
  }

  /** The parser of the job alone does not know of commands: errors are told by the other. */
  @Test
  void aMisspeltCommandIsTold() {
    Bench.Result result = new Bench().run("evaluat", "a.onnx", "b.onnx");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("Unknown command evaluat. Did you mean evaluate?");
    assertThat(new Bench().run("a.onnx", "b.onnx").err()).contains("One argument too many");
  }

  /**
   * The ready text is the parser's. After a change of options: {@code COMPRESS_UPDATE_HELP=1}
   * writes it anew.
   */
  @Test
  void theReadyTextIsTheParsers() throws IOException {
    String help = new Bench().run("--help").out();
    if (System.getenv("COMPRESS_UPDATE_HELP") != null) {
      Files.writeString(
          Path.of("src/main/resources/dev/compress/cli").resolve(ReadyHelp.RESOURCE), help);
      return;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Terminal terminal = Terminal.of(out, OutputStream.nullOutputStream(), Map.of());
    assertThat(ReadyHelp.print(new String[] {"--help"}, terminal)).isTrue();
    assertThat(terminal.finish()).isEmpty();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(help);
  }

  @Test
  void theReadyTextIsForPlainStreamsOfItsWidth() {
    OutputStream none = OutputStream.nullOutputStream();
    String[] help = {"-h"};
    assertThat(ReadyHelp.print(help, Terminal.ofScreen(none, none, Map.of("COLUMNS", "80"))))
        .isFalse();
    assertThat(ReadyHelp.print(help, Terminal.of(none, none, Map.of("COLUMNS", "100")))).isFalse();
    assertThat(ReadyHelp.print(new String[] {"inspect", "-h"}, Terminal.of(none, none, Map.of())))
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "doctor", "models", "completion"})
  void everyCommandHasHelp(String command) {
    Bench.Result help = new Bench().run(command, "--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).startsWith("Usage: compress " + command).contains("--json");
  }
}
