package dev.compress.cli;

import dev.compress.ToolVersion;
import dev.compress.cli.console.Terminal;
import dev.compress.error.ReadWriteException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Hands a report over: into files and to the terminal. What was measured took time, so a file that
 * cannot be written costs that file only.
 */
final class Publication {
  private Publication() {}

  /**
   * Writes all files, shows the report, and then says what failed.
   *
   * @param files to write
   * @param content of each
   * @param failure of the work itself, which a failed file does not hide
   * @param show prints the report, given the failure that the command ends with
   * @return the exit code
   */
  static int publish(
      List<Path> files,
      Function<Path, String> content,
      Optional<Failure> failure,
      Consumer<Optional<Failure>> show,
      Terminal terminal,
      boolean noColor) {
    List<Failure> failures = new ArrayList<>(failure.stream().toList());
    for (Path file : files) {
      try {
        NewTextFile.write(file, content.apply(file));
      } catch (ReadWriteException e) {
        failures.add(Failure.of(e, file.toString(), ToolVersion.current()));
      }
    }
    Optional<Failure> first = failures.stream().findFirst();
    show.accept(first);
    terminal.out().flush();
    failures.forEach(f -> ErrorLines.print(f, terminal, noColor));
    return first.map(Failure::code).orElse(ExitCode.DONE);
  }
}
