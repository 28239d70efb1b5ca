package dev.compress.pack;

import dev.compress.pack.LoadBudget.Choice;
import java.util.ArrayList;
import java.util.List;

/**
 * Which tables of symbols a model is to have: each width of a code has a table of its own, there
 * once for all weights, so a width that saves one weight a few bytes makes the file larger.
 */
final class SharedTables {
  private static final int WIDTHS = SymbolStream.MOST_BITS - SymbolStream.FEWEST_BITS + 1;

  private SharedTables() {}

  /**
   * Leaves out the forms whose table is not worth it: of all sets of tables the one with which the
   * smallest forms and the tables together take the fewest bytes, the smaller set where two are
   * equal.
   *
   * @param weights all weights of a model with every form that holds them
   * @return the same weights in the same order with the forms that are left
   */
  static List<Choice> worthwhile(List<Choice> weights) {
    int best = 0;
    long least = Long.MAX_VALUE;
    for (int set = 0; set < 1 << WIDTHS; set++) {
      long bytes = Integer.bitCount(set) * StorageForm.SYMBOL_TABLE_BYTES;
      for (Choice weight : weights) {
        bytes += smallest(weight, set);
      }
      if (bytes < least) {
        least = bytes;
        best = set;
      }
    }
    List<Choice> left = new ArrayList<>();
    for (Choice weight : weights) {
      int chosen = best;
      left.add(
          new Choice(
              weight.survey(), weight.forms().stream().filter(f -> isIn(f, chosen)).toList()));
    }
    return left;
  }

  private static long smallest(Choice weight, int set) {
    long least = Long.MAX_VALUE;
    for (StorageForm form : weight.forms()) {
      if (isIn(form, set)) {
        least = Math.min(least, form.bytes(weight.survey()));
      }
    }
    return least;
  }

  private static boolean isIn(StorageForm form, int set) {
    int bits = form.places().symbolBits();
    return bits == 0 || (set >> (bits - SymbolStream.FEWEST_BITS) & 1) == 1;
  }
}
