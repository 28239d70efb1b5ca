package dev.compress.cli;

import dev.compress.cli.console.Table;
import dev.compress.cli.console.Terminal;
import dev.compress.models.architecture.Architecture;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists the models that come with compress. */
@Command(
    name = "models",
    sortOptions = false,
    synopsisHeading = "Usage: ",
    customSynopsis = {"compress models [list]", "       compress models build NAME -o FILE"},
    commandListHeading = "%nCommands:%n",
    description =
        "List the models that come with compress (sample:NAME), and the architectures that it"
            + " builds.")
final class ModelsCommand implements Callable<Integer> {
  private static final String SCHEMA = "compress.models/1";

  private final CompressCommand root;

  @Parameters(
      arity = "0..*",
      paramLabel = "list",
      hidden = true,
      description = "What to do: list, the default.")
  List<String> words = List.of();

  ModelsCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    if (!words.isEmpty() && !words.equals(List.of("list"))) {
      throw new UsageException(
          words.get(0).equals("get")
              ? "compress models get is not in this version yet."
              : "compress models knows list and build, not " + String.join(" ", words) + ".");
    }
    List<SampleModel> samples = root.wiring().samples().get().list();
    Terminal terminal = root.terminal();
    if (root.standard.json) {
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("schema", SCHEMA);
      report.put("samples", samples);
      report.put("architectures", Arrays.stream(Architecture.values()).map(Entry::of).toList());
      terminal.out().print(Json.print(report));
    } else if (!root.standard.quiet) {
      Table table = new Table("", "ll");
      samples.forEach(s -> table.row("sample:" + s.name(), s.description()));
      table.row("", "");
      for (Architecture architecture : Architecture.values()) {
        table.row(architecture.id(), architecture.description());
      }
      table.row("", "");
      table.lines(terminal.width()).forEach(terminal.out()::println);
      terminal.out().println("Use sample:NAME as a MODEL; build the others, whose weights are");
      terminal.out().println("random, with: compress models build NAME -o FILE");
    }
    return ExitCode.DONE;
  }

  private record Entry(String name, String description) {
    static Entry of(Architecture architecture) {
      return new Entry(architecture.id(), architecture.description());
    }
  }
}
