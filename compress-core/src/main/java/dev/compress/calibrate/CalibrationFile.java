package dev.compress.calibrate;

import dev.compress.calibrate.CalibrationCache.Learnt;
import dev.compress.error.InvalidDataException;
import dev.compress.tensor.NewFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UTFDataFormatException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * A {@link CalibrationCache} as a file: eight bytes that name the format and its version, then,
 * compressed by gzip, the entries in Java's {@link DataOutputStream} encoding. The version changes
 * whenever observers would see the same values differently.
 */
final class CalibrationFile {
  private static final byte[] MAGIC = "CMPRCAL2".getBytes(StandardCharsets.US_ASCII);
  private static final int MOST_BINS = 1 << 20;
  private static final int MOST_CHANNELS = 1 << 24;
  private static final int MOST_ENTRIES = 1 << 20;

  private CalibrationFile() {}

  static Map<String, Learnt> read(Path file) throws IOException {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file))) {
      if (!Arrays.equals(raw.readNBytes(MAGIC.length), MAGIC)) {
        throw invalid(file, "it does not begin like one of this version", null);
      }
      DataInputStream in = new DataInputStream(new BufferedInputStream(new GZIPInputStream(raw)));
      return map(in, CalibrationFile::readLearnt);
    } catch (EOFException | ZipException | UTFDataFormatException e) {
      throw invalid(file, "it is damaged", e);
    } catch (IllegalArgumentException e) {
      throw invalid(file, String.valueOf(e.getMessage()), e);
    }
  }

  private static InvalidDataException invalid(
      Path file, String why, @org.jspecify.annotations.Nullable Exception cause) {
    return new InvalidDataException(
        file + " is no calibration cache: " + why + ". Delete it, or name another file.", cause);
  }

  static void write(Path file, Map<String, Learnt> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(MAGIC);
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(new GZIPOutputStream(bytes)))) {
      map(out, entries, CalibrationFile::writeLearnt);
    }
    NewFile.replace(file, bytes.toByteArray());
  }

  private interface Reader<T> {
    T read(DataInputStream in) throws IOException;
  }

  private interface Writer<T> {
    void write(DataOutputStream out, T value) throws IOException;
  }

  private static <T> Map<String, T> map(DataInputStream in, Reader<T> value) throws IOException {
    int count = count(in, MOST_ENTRIES);
    Map<String, T> map = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      map.put(text(in), value.read(in));
    }
    return map;
  }

  private static <T> void map(DataOutputStream out, Map<String, T> map, Writer<T> value)
      throws IOException {
    out.writeInt(map.size());
    for (Map.Entry<String, T> entry : map.entrySet()) {
      text(out, entry.getKey());
      value.write(out, entry.getValue());
    }
  }

  private static Learnt readLearnt(DataInputStream in) throws IOException {
    return new Learnt(
        map(in, CalibrationFile::readSummary),
        map(in, CalibrationFile::readHistogram),
        map(in, CalibrationFile::readChannels),
        map(in, CalibrationFile::readMeans),
        map(in, i -> map(i, DataInputStream::readInt)));
  }

  private static void writeLearnt(DataOutputStream out, Learnt learnt) throws IOException {
    map(out, learnt.summaries(), CalibrationFile::writeSummary);
    map(out, learnt.histograms(), CalibrationFile::writeHistogram);
    map(out, learnt.channels(), CalibrationFile::writeChannels);
    map(out, learnt.means(), CalibrationFile::writeMeans);
    map(out, learnt.choices(), (o, choice) -> map(o, choice, DataOutputStream::writeInt));
  }

  private static ValueSummary readSummary(DataInputStream in) throws IOException {
    return new ValueSummary(
        in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readFloat(), in.readFloat());
  }

  private static void writeSummary(DataOutputStream out, ValueSummary s) throws IOException {
    out.writeLong(s.count());
    out.writeLong(s.nanCount());
    out.writeLong(s.positiveInfinityCount());
    out.writeLong(s.negativeInfinityCount());
    out.writeFloat(s.min());
    out.writeFloat(s.max());
  }

  private static Histogram readHistogram(DataInputStream in) throws IOException {
    ValueSummary summary = readSummary(in);
    int bins = count(in, MOST_BINS);
    double[] lower = new double[bins];
    double[] upper = new double[bins];
    long[] counts = new long[bins];
    for (int i = 0; i < bins; i++) {
      lower[i] = in.readDouble();
      upper[i] = in.readDouble();
      counts[i] = in.readLong();
    }
    return Histogram.of(summary, lower, upper, counts);
  }

  private static void writeHistogram(DataOutputStream out, Histogram h) throws IOException {
    writeSummary(out, h.summary());
    out.writeInt(h.size());
    for (int i = 0; i < h.size(); i++) {
      out.writeDouble(h.lower(i));
      out.writeDouble(h.upper(i));
      out.writeLong(h.count(i));
    }
  }

  private static ChannelStatistics readChannels(DataInputStream in) throws IOException {
    int count = count(in, MOST_CHANNELS);
    List<ChannelStatistics.Channel> channels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      channels.add(
          new ChannelStatistics.Channel(
              in.readLong(), in.readFloat(), in.readFloat(), in.readDouble(), in.readDouble()));
    }
    return new ChannelStatistics(channels, in.readLong());
  }

  private static void writeChannels(DataOutputStream out, ChannelStatistics statistics)
      throws IOException {
    out.writeInt(statistics.channels().size());
    for (ChannelStatistics.Channel c : statistics.channels()) {
      out.writeLong(c.count());
      out.writeFloat(c.min());
      out.writeFloat(c.max());
      out.writeDouble(c.mean());
      out.writeDouble(c.meanSquare());
    }
    out.writeLong(statistics.nonFiniteCount());
  }

  private static List<Double> readMeans(DataInputStream in) throws IOException {
    int count = count(in, MOST_CHANNELS);
    List<Double> means = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      means.add(in.readDouble());
    }
    return means;
  }

  private static void writeMeans(DataOutputStream out, List<Double> means) throws IOException {
    out.writeInt(means.size());
    for (double mean : means) {
      out.writeDouble(mean);
    }
  }

  private static int count(DataInputStream in, int most) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > most) {
      throw new IllegalArgumentException("it claims to hold " + count + " entries");
    }
    return count;
  }

  /** Names may be longer than writeUTF takes. */
  private static String text(DataInputStream in) throws IOException {
    int length = count(in, MOST_ENTRIES);
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException();
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }
}
