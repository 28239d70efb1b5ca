package dev.compress.cli;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;

/** What may have been meant by a word that is neither an option nor a command. */
final class Misspelling {
  private static final int MOST_EDITS = 3;

  private Misspelling() {}

  /**
   * Explains arguments that were not understood.
   *
   * @param unmatched those arguments, at least one
   * @param command that they were given to
   * @param all the arguments
   */
  static String explain(List<String> unmatched, CommandSpec command, List<String> all) {
    Optional<String> option = unmatched.stream().filter(a -> a.startsWith("-")).findFirst();
    if (option.isEmpty()) {
      Optional<String> word =
          all.stream()
              .filter(a -> nearest(a, command.subcommands().keySet().stream()).isPresent())
              .findFirst();
      return word.map(
              w ->
                  "Unknown command "
                      + w
                      + ". Did you mean "
                      + nearest(w, command.subcommands().keySet().stream()).orElseThrow()
                      + "?")
          .orElse("One argument too many: '" + unmatched.get(0) + "'.");
    }
    int equals = option.get().indexOf('=');
    String word = equals < 0 ? option.get() : option.get().substring(0, equals);
    String unknown = "Unknown option " + word + ".";
    return closest(word, command.optionsMap().keySet().stream())
        .map(name -> unknown + " Did you mean " + name + "?")
        .orElse(unknown);
  }

  /** The nearest command, if one is near. */
  static Optional<String> command(String word) {
    return nearest(word, Program.NOT_THE_JOB.stream().filter(name -> !name.startsWith("-")));
  }

  /** The nearest of some names, if it is near. */
  static Optional<String> closest(String word, Stream<String> names) {
    return nearest(word, names.filter(name -> name.startsWith("--")));
  }

  private static Optional<String> nearest(String word, Stream<String> names) {
    return names
        .map(name -> new Near(name, edits(word, name)))
        .filter(near -> near.edits() <= MOST_EDITS)
        .min(java.util.Comparator.comparingInt(Near::edits))
        .map(Near::name);
  }

  private record Near(String name, int edits) {}

  /** Letters to insert, delete or replace (Levenshtein's distance). */
  private static int edits(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
