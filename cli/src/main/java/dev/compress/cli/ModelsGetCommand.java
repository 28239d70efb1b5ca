package dev.compress.cli;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.compress.cli.console.Table;
import dev.compress.cli.console.Terminal;
import dev.compress.cli.console.TerminalProgress;
import dev.compress.error.CancelledException;
import dev.compress.evaluation.report.Quantity;
import dev.compress.models.CacheFolder;
import dev.compress.models.catalog.Catalog;
import dev.compress.models.catalog.CatalogEntry;
import dev.compress.models.catalog.CatalogFile;
import dev.compress.models.catalog.Fetcher;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Fetches a public model or dataset. */
@Command(
    name = "get",
    sortOptions = false,
    description = {
      "Fetch a public model or dataset by name, check its SHA-256, and say its licence. A download"
          + " that was interrupted goes on where it stopped."
    })
final class ModelsGetCommand implements Callable<Integer> {
  private static final String SCHEMA = "compress.model-get/1";

  private final CompressCommand root;

  @Parameters(
      paramLabel = "NAME",
      completionCandidates = Choices.CatalogNames.class,
      description = "What to fetch; compress models lists them.")
  String name = "";

  @Option(
      names = {"-o", "--output"},
      order = 1,
      paramLabel = "FOLDER",
      description = "Where to. Default: a folder of its own in this user's cache.")
  @Nullable Path output;

  @Option(
      names = "--mirror",
      order = 2,
      paramLabel = "FOLDER",
      description =
          "Take files from here where they are there, as models/NAME/FILE and datasets/NAME/FILE,"
              + " and only the rest from the network. Default: the environment's COMPRESS_MIRROR.")
  @Nullable Path mirror;

  ModelsGetCommand(CompressCommand root) {
    this.root = root;
  }

  /**
   * What was fetched; the JSON of schema {@code compress.model-get/1}.
   *
   * @param kind model or dataset
   * @param wallSeconds how long it took
   */
  @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
  private record Got(
      String schema,
      String name,
      String kind,
      String licence,
      String source,
      List<GotFile> files,
      double wallSeconds) {}

  /**
   * One file.
   *
   * @param from folder (it was there), mirror or network
   */
  private record GotFile(String path, String sha256, long bytes, String from) {}

  @Override
  public Integer call() {
    long start = System.nanoTime();
    Catalog catalog = Catalog.embedded();
    CatalogEntry entry =
        catalog
            .find(name)
            .orElseThrow(
                () ->
                    new UsageException(
                        "The catalogue has no " + name + "; it has " + known(catalog) + "."));
    Optional<Path> source = mirror();
    Path folder = output == null ? cached(entry) : output;
    root.workingOn(entry.source());
    Terminal terminal = root.terminal();
    StandardOptions standard = root.standard;
    List<Fetcher.Fetched> fetched;
    try (TerminalProgress progress =
        new TerminalProgress(terminal, standard.quiet, root.cancelled())) {
      fetched = new Fetcher(source).fetch(entry, folder, progress);
    } catch (CancelledException e) {
      throw new CancelledException("Interrupted; the next try goes on from here.", e);
    }
    List<GotFile> files = new ArrayList<>();
    for (int i = 0; i < fetched.size(); i++) {
      CatalogFile file = entry.files().get(i);
      Fetcher.Fetched one = fetched.get(i);
      files.add(new GotFile(one.file().toString(), file.sha256(), file.bytes(), one.from()));
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (standard.json) {
      terminal
          .out()
          .print(
              Json.print(
                  new Got(
                      SCHEMA,
                      entry.name(),
                      entry.kind(),
                      entry.licence(),
                      entry.source(),
                      files,
                      seconds)));
    } else if (!standard.quiet) {
      print(terminal, entry, files);
    }
    return ExitCode.DONE;
  }

  private static void print(Terminal terminal, CatalogEntry entry, List<GotFile> files) {
    Table table = new Table("", "lrl");
    for (GotFile file : files) {
      String from = file.from().equals("folder") ? "was there" : "from the " + file.from();
      table.row(file.path(), Quantity.bytes(file.bytes()), from);
    }
    table.lines(terminal.width()).forEach(terminal::println);
    terminal.println("licence: " + entry.licence() + " (" + entry.source() + ")");
  }

  private Optional<Path> mirror() {
    Optional<Path> named = Optional.ofNullable(mirror);
    Optional<Path> folder =
        named.isPresent()
            ? named
            : Optional.ofNullable(System.getenv("COMPRESS_MIRROR"))
                .filter(text -> !text.isBlank())
                .map(Path::of);
    folder
        .filter(f -> !Files.isDirectory(f))
        .ifPresent(
            f -> {
              throw new UsageException("The mirror " + f + " is no folder.");
            });
    return folder;
  }

  private static Path cached(CatalogEntry entry) {
    return CacheFolder.locate()
        .map(cache -> Fetcher.folderIn(cache, entry))
        .orElseThrow(
            () ->
                new UsageException(
                    "This system names no place for a cache; name a folder with -o."));
  }

  private static String known(Catalog catalog) {
    return catalog.entries().stream().map(CatalogEntry::name).collect(Collectors.joining(", "));
  }
}
