package dev.compress.evaluation.energy;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A growing text file of timestamps and watts, as any meter's software writes one: comma, semicolon
 * or tab between columns, with a heading or without. Timestamps are ISO 8601 or seconds,
 * milliseconds, microseconds or nanoseconds since 1970; power is in the column whose heading names
 * watts (or milliwatts), else in the second.
 */
final class PowerLog {
  /** Before this a number of seconds, milliseconds ... since 1970 is meant: the year 2286. */
  private static final BigDecimal LATEST_SECONDS = new BigDecimal("1e10");

  private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d+)?([eE][+-]?\\d+)?");
  private static final int CHUNK_BYTES = 1 << 22;
  private static final double MILLI = 1e-3;

  private final Path file;
  private final ZoneId zone;
  private long position;
  private long lines;
  private boolean headed;
  private int timeColumn;
  private int powerColumn = 1;
  private double wattsPerUnit = 1;

  /**
   * One line.
   *
   * @param epochNanos since 1970
   * @param watts then
   */
  record Sample(long epochNanos, double watts) {}

  PowerLog(Path file, ZoneId zone) {
    this.file = file;
    this.zone = zone;
  }

  /**
   * The complete lines that were added since the last time.
   *
   * @throws DeviceUnavailableException if the file cannot be read
   * @throws InvalidDataException if a line is no sample
   */
  List<Sample> more() {
    List<Sample> samples = new ArrayList<>();
    int taken;
    do {
      byte[] bytes = next();
      taken = lines(bytes, samples);
      position += taken;
    } while (taken > 0);
    return samples;
  }

  private byte[] next() {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      if (in.length() < position) {
        throw new DeviceUnavailableException(
            file + " has become shorter: was it begun anew? Start the logger once, then measure.");
      }
      in.seek(position);
      byte[] bytes = new byte[(int) Math.min(CHUNK_BYTES, in.length() - position)];
      in.readFully(bytes);
      return bytes;
    } catch (IOException e) {
      throw new DeviceUnavailableException(
          "The power log " + file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** How many bytes were complete lines. */
  private int lines(byte[] bytes, List<Sample> samples) {
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        String line = new String(bytes, start, i - start, StandardCharsets.UTF_8).strip();
        start = i + 1;
        lines++;
        if (!line.isEmpty() && line.charAt(0) != '#') {
          parse(line, samples);
        }
      }
    }
    return start;
  }

  private void parse(String line, List<Sample> samples) {
    String[] cells = line.split("[,;\t]", -1);
    if (!headed) {
      headed = true;
      if (isHeading(cells)) {
        heading(cells);
        return;
      }
    }
    if (cells.length <= Math.max(timeColumn, powerColumn)) {
      throw invalid(line, "a timestamp and a power are expected");
    }
    try {
      double watts = Double.parseDouble(cells[powerColumn].strip()) * wattsPerUnit;
      if (!Double.isFinite(watts)) {
        throw invalid(line, "the power is no finite number");
      }
      samples.add(new Sample(epochNanos(cells[timeColumn].strip()), watts));
    } catch (NumberFormatException | DateTimeException e) {
      throw invalid(line, String.valueOf(e.getMessage()));
    }
  }

  private static boolean isHeading(String[] cells) {
    for (String cell : cells) {
      if (!cell.isBlank() && Character.isDigit(cell.strip().charAt(0))) {
        return false;
      }
    }
    return true;
  }

  private void heading(String[] cells) {
    int power = -1;
    for (int i = 0; i < cells.length; i++) {
      String name = cells[i].strip().replace("\"", "").toLowerCase(Locale.ROOT);
      if (name.contains("time") || name.equals("date") || name.equals("ts")) {
        timeColumn = i;
      } else if (power < 0 && (name.contains("power") || name.matches(".*\\bm?w(atts?)?\\b.*"))) {
        power = i;
        wattsPerUnit = name.matches(".*(\\bmw\\b|_mw\\b|milliwatt).*") ? MILLI : 1;
      }
    }
    if (power < 0) {
      power = timeColumn == 1 ? 0 : 1;
    }
    powerColumn = power;
  }

  private long epochNanos(String text) {
    if (NUMBER.matcher(text).matches()) {
      // Exact: a double has not enough digits for nanoseconds since 1970.
      BigDecimal number = new BigDecimal(text);
      int digits = 9;
      while (digits > 0 && number.compareTo(LATEST_SECONDS.movePointRight(9 - digits)) >= 0) {
        digits -= 3;
      }
      return number.movePointRight(digits).longValue();
    }
    String iso = text.replace("\"", "").replace(' ', 'T');
    Instant instant;
    if (iso.matches(".*(Z|[+-]\\d\\d:?\\d\\d)$")) {
      instant =
          OffsetDateTime.parse(iso.replaceFirst("([+-]\\d\\d)(\\d\\d)$", "$1:$2")).toInstant();
    } else {
      instant = LocalDateTime.parse(iso).atZone(zone).toInstant();
    }
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000_000L), instant.getNano());
  }

  private InvalidDataException invalid(String line, String why) {
    return new InvalidDataException(
        "Line " + lines + " of the power log " + file + " is no sample: \"" + line + "\": " + why);
  }
}
