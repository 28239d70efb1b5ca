package dev.compress.cli;

import dev.compress.cli.console.Table;
import dev.compress.cli.console.Terminal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists the models that come with compress. */
@Command(name = "models", description = "List the models that come with compress (sample:NAME).")
final class ModelsCommand implements Callable<Integer> {
  private final CompressCommand root;

  @Parameters(arity = "0..*", paramLabel = "list", description = "What to do: list, the default.")
  List<String> words = List.of("list");

  ModelsCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    if (!words.equals(List.of("list"))) {
      String word = words.get(0);
      throw new UsageException(
          word.equals("get") || word.equals("build")
              ? "compress models " + word + " is not in this version yet."
              : "compress models knows list, not " + String.join(" ", words) + ".");
    }
    List<SampleModel> samples = root.wiring().samples().get().list();
    Terminal terminal = root.terminal();
    if (root.standard.json) {
      terminal.out().print(Json.print(Map.of("schema", "compress.models/1", "samples", samples)));
    } else if (!root.standard.quiet) {
      Table table = new Table("", "ll");
      samples.forEach(s -> table.row("sample:" + s.name(), s.description()));
      table.lines(terminal.width()).forEach(terminal.out()::println);
    }
    return ExitCode.DONE;
  }
}
