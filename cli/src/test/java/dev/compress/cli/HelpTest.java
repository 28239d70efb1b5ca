package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
                + " --no-color --version inspect doctor models completion")
            .split(" ", -1)) {
      assertThat(help.out()).containsPattern("(?m)(^|[ ,])" + word + "([ =,\n]|$)");
    }
    assertThat(help.out())
        .doesNotContain("--prune")
        .doesNotContain("--cluster")
        .doesNotContain("evaluate")
        .doesNotContain("distill")
        .doesNotContain("unpack");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "doctor", "models", "completion"})
  void everyCommandHasHelp(String command) {
    Bench.Result help = new Bench().run(command, "--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).startsWith("Usage: compress " + command).contains("--json");
  }
}
