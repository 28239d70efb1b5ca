package dev.compress.evaluation.energy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * How much carbon dioxide (equivalents, life cycle) the making of a kilowatt-hour emits: a yearly
 * mean over a country's own generation, so without its imports and without the hour of the day.
 *
 * @param code three letters, ISO 3166; empty if grams were given
 * @param country its name
 * @param gramsPerKwh of CO2 equivalents
 * @param year of the figure; 0 if grams were given
 * @param source whose figure it is, with its licence
 */
public record GridIntensity(
    String code, String country, double gramsPerKwh, int year, String source) {
  private static final String TABLE = "grid-intensity.csv";

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if the grams are negative or no number
   */
  public GridIntensity {
    if (!(gramsPerKwh >= 0) || Double.isInfinite(gramsPerKwh)) {
      throw new IllegalArgumentException(
          "Grams of CO2 a kilowatt-hour must be 0 or more: " + gramsPerKwh);
    }
  }

  /** Given by whoever measures. */
  public static GridIntensity ofGrams(double gramsPerKwh) {
    return new GridIntensity("", "given", gramsPerKwh, 0, "given");
  }

  /**
   * Reads the value of {@code --carbon}: grams, or a country by its two or three letters or its
   * English name.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static GridIntensity parse(String text) {
    String wanted = text.strip();
    if (wanted.matches("[0-9]*\\.?[0-9]+([eE][+-]?[0-9]+)?")) {
      return ofGrams(Double.parseDouble(wanted));
    }
    if (wanted.matches("-[0-9.]+.*")) {
      throw new IllegalArgumentException(
          "Grams of CO2 a kilowatt-hour must be 0 or more, not " + wanted + ".");
    }
    for (String[] row : rows()) {
      if (wanted.equalsIgnoreCase(row[0])
          || wanted.equalsIgnoreCase(row[1])
          || wanted.equalsIgnoreCase(row[2])) {
        return of(row);
      }
    }
    throw new IllegalArgumentException(
        "No carbon intensity is known for \""
            + text
            + "\". Give grams of CO2 a kilowatt-hour, or one of "
            + String.join(", ", all().stream().map(GridIntensity::code).toList())
            + ".");
  }

  /** All countries that are known here. */
  public static List<GridIntensity> all() {
    return rows().stream().map(GridIntensity::of).toList();
  }

  private static GridIntensity of(String[] row) {
    return new GridIntensity(
        row[1], row[2], Double.parseDouble(row[3]), Integer.parseInt(row[4]), row[5]);
  }

  private static List<String[]> rows() {
    List<String[]> rows = new ArrayList<>();
    try (InputStream in = GridIntensity.class.getResourceAsStream(TABLE)) {
      if (in == null) {
        throw new IllegalStateException("The table " + TABLE + " is missing in this build");
      }
      BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.startsWith("#") && !line.isBlank()) {
          rows.add(line.split(",", 6));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }
}
