package dev.compress.data;

import java.util.Optional;

/**
 * How separated text is to be understood.
 *
 * @param header whether the first row names the columns; empty: told by whether it holds a number
 * @param delimiter what separates cells; empty: the one of comma, semicolon and tab that fits
 */
record CsvOptions(Optional<Boolean> header, Optional<Character> delimiter) {
  static final CsvOptions DETECT = new CsvOptions(Optional.empty(), Optional.empty());
}
