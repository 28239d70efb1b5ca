package dev.compress.recipe;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A setting that is one of some words. */
final class Choice {
  private Choice() {}

  /**
   * What a word stands for.
   *
   * @param flag for messages, without dashes
   * @param text the word, in letters of either case; null for the default
   * @param all what it may be
   * @throws IllegalArgumentException naming the flag and the words, if it is none of them
   */
  static <E extends Enum<E>> E of(String flag, @Nullable String text, E byDefault, E[] all) {
    if (text == null) {
      return byDefault;
    }
    for (E value : all) {
      if (value.name().equalsIgnoreCase(text)) {
        return value;
      }
    }
    throw unknown(
        flag, text, Arrays.stream(all).map(v -> v.name().toLowerCase(Locale.ROOT)).toList());
  }

  /** The error of a word that is none of those known. */
  static IllegalArgumentException unknown(String flag, String text, List<String> known) {
    return new IllegalArgumentException(
        "--" + flag + " " + text + ": use one of " + String.join(", ", known) + ".");
  }
}
