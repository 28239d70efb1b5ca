package dev.compress.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a script that completes commands, options and their values in a shell. */
@Command(
    name = "completion",
    description =
        "Print a completion script: source <(compress completion bash), or zsh;"
            + " compress completion fish | source.")
final class CompletionCommand implements Callable<Integer> {
  private final CompressCommand root;

  @Parameters(
      paramLabel = "bash|zsh|fish",
      completionCandidates = Choices.Shell.class,
      description = "The shell.")
  String shell = "";

  @Spec CommandSpec spec = CommandSpec.create();

  CompletionCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    CommandLine line = spec.root().commandLine();
    String script =
        switch (shell) {
          // The same script finds out which of the two reads it.
          case "bash", "zsh" -> AutoComplete.bash("compress", line);
          case "fish" -> FishCompletion.script(spec.root());
          default ->
              throw new UsageException(
                  "There is a completion for bash, zsh and fish, not for " + shell + ".");
        };
    root.terminal().out().print(script);
    return ExitCode.DONE;
  }
}
