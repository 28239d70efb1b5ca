package dev.compress.cli;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The completion script for fish, which picocli has none for. */
final class FishCompletion {
  private FishCompletion() {}

  /**
   * The script.
   *
   * @param root the root command
   */
  static String script(CommandSpec root) {
    String name = root.name();
    StringBuilder script = new StringBuilder("# completion of " + name + " for fish\n");
    String alone =
        "not __fish_seen_subcommand_from " + String.join(" ", root.subcommands().keySet());
    options(script, name, root, alone);
    root.subcommands()
        .forEach(
            (word, command) -> {
              script
                  .append("complete -c ")
                  .append(name)
                  .append(" -n ")
                  .append(quoted("__fish_use_subcommand"))
                  .append(" -a ")
                  .append(word)
                  .append(" -d ")
                  .append(quoted(summary(command.getCommandSpec().usageMessage().description())))
                  .append('\n');
              options(
                  script, name, command.getCommandSpec(), "__fish_seen_subcommand_from " + word);
            });
    return script.toString();
  }

  private static void options(
      StringBuilder script, String name, CommandSpec command, String condition) {
    for (OptionSpec option : command.options()) {
      if (option.hidden()) {
        continue;
      }
      script.append("complete -c ").append(name).append(" -n ").append(quoted(condition));
      for (String word : option.names()) {
        script.append(
            word.startsWith("--") ? " -l " + word.substring(2) : " -s " + word.substring(1));
      }
      if (option.arity().max() > 0) {
        script.append(values(option.completionCandidates()));
      }
      script.append(" -d ").append(quoted(summary(option.description()))).append('\n');
    }
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      if (parameter.completionCandidates() != null) {
        script.append("complete -c ").append(name).append(" -n ").append(quoted(condition));
        script.append(values(parameter.completionCandidates())).append('\n');
      }
    }
  }

  /** A value is asked for: one of some words, or a file. */
  private static String values(@org.jspecify.annotations.Nullable Iterable<String> candidates) {
    return candidates == null ? " -r -F" : " -x -a " + quoted(String.join(" ", candidates));
  }

  private static String summary(String... description) {
    String text = CommandLine.Help.Ansi.OFF.string(String.join(" ", description)).strip();
    int end = text.indexOf(". ");
    return end < 0 ? text : text.substring(0, end);
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
