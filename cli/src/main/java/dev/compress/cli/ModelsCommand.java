package dev.compress.cli;

import dev.compress.cli.console.Table;
import dev.compress.cli.console.Terminal;
import dev.compress.evaluation.report.Quantity;
import dev.compress.models.architecture.Architecture;
import dev.compress.models.catalog.Catalog;
import dev.compress.models.catalog.CatalogEntry;
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
    customSynopsis = {
      "compress models [list]",
      "       compress models get NAME [-o FOLDER]",
      "       compress models build NAME -o FILE"
    },
    commandListHeading = "%nCommands:%n",
    description =
        "List the models that come with compress (sample:NAME), the architectures that it builds,"
            + " and the public models and datasets that it gets.")
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
          "compress models knows list, get and build, not " + String.join(" ", words) + ".");
    }
    List<SampleModel> samples = root.wiring().samples().get().list();
    List<CatalogEntry> catalog = Catalog.embedded().entries();
    Terminal terminal = root.terminal();
    if (root.standard.json) {
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("schema", SCHEMA);
      report.put("samples", samples);
      report.put("architectures", Arrays.stream(Architecture.values()).map(Entry::of).toList());
      report.put("catalog", catalog.stream().map(Public::of).toList());
      terminal.out().print(Json.print(report));
    } else if (!root.standard.quiet) {
      Table table = new Table("", "ll");
      samples.forEach(s -> table.row("sample:" + s.name(), s.description()));
      table.row("", "");
      for (Architecture architecture : Architecture.values()) {
        table.row(architecture.id(), architecture.description());
      }
      table.row("", "");
      table.lines(terminal.width()).forEach(terminal::println);
      terminal.println("Use sample:NAME as a MODEL; build the others, whose weights are");
      terminal.println("random, with: compress models build NAME -o FILE");
      terminal.out().println();
      Table getting = new Table("", "lrl");
      for (CatalogEntry entry : catalog) {
        getting.row(
            entry.name(),
            Quantity.bytes(entry.bytes()),
            entry.description() + "; " + entry.licence());
      }
      getting.lines(terminal.width()).forEach(terminal::println);
      terminal.out().println();
      terminal.println("Fetch these, which are other people's, with: compress models get NAME");
    }
    return ExitCode.DONE;
  }

  private record Public(
      String name, String kind, String description, String licence, String source, long bytes) {
    static Public of(CatalogEntry entry) {
      return new Public(
          entry.name(),
          entry.kind(),
          entry.description(),
          entry.licence(),
          entry.source(),
          entry.bytes());
    }
  }

  private record Entry(String name, String description) {
    static Entry of(Architecture architecture) {
      return new Entry(architecture.id(), architecture.description());
    }
  }
}
