package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.FileRegion;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Opens data files, plain or gzipped (told by their content, not by their name). */
final class DataFiles {
  private static final int STREAM_BUFFER_BYTES = 1 << 16;

  private DataFiles() {}

  /**
   * The content of a file, inflated where it is gzipped.
   *
   * @throws ReadWriteException if it cannot be read
   * @throws InvalidDataException if it is empty
   */
  static ByteSource open(Path file) {
    byte[] head = rawHead(file, 2);
    if (head.length == 2 && head[0] == 0x1f && head[1] == (byte) 0x8b) {
      return new InflatingBytes(file.toString(), () -> gunzip(file));
    }
    long size = size(file);
    return new FileRegion(file, size, 0, size);
  }

  private static InputStream gunzip(Path file) throws IOException {
    InputStream raw = new BufferedInputStream(Files.newInputStream(file), STREAM_BUFFER_BYTES);
    try {
      return new GZIPInputStream(raw, STREAM_BUFFER_BYTES);
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  static void close(ByteSource source) {
    if (source instanceof InflatingBytes inflating) {
      inflating.close();
    }
  }

  static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** Up to {@code length} bytes of the content's beginning, inflated where gzipped. */
  static byte[] head(Path file, int length) {
    byte[] head = rawHead(file, Math.max(length, 2));
    if (head.length >= 2 && head[0] == 0x1f && head[1] == (byte) 0x8b) {
      try (InputStream in = gunzip(file)) {
        return in.readNBytes(length);
      } catch (IOException e) {
        throw new InvalidDataException(
            file
                + " is a damaged archive ("
                + IoReason.of(e)
                + "): it may be cut short. Download or copy it again.",
            e);
      }
    }
    return Arrays.copyOf(head, Math.min(head.length, length));
  }

  private static byte[] rawHead(Path file, int length) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(length);
      if (head.length == 0) {
        throw new InvalidDataException(file + " is empty. Download or copy it again.");
      }
      return head;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** All bytes of a small file. */
  static byte[] readAll(Path file, int limit, String kind) {
    ByteSource source = open(file);
    try {
      long size = source.size();
      if (size > limit) {
        throw new InvalidDataException(
            file
                + " is no "
                + kind
                + ": "
                + size
                + " bytes, where at most "
                + limit
                + " are expected.");
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) size);
      source.read(0, bytes);
      return bytes.array();
    } finally {
      close(source);
    }
  }

  /** The entries of a folder that are not hidden, sorted by name. */
  static List<Path> list(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(p -> !name(p).startsWith("."))
          .sorted((a, b) -> name(a).compareTo(name(b)))
          .toList();
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? path.toString() : name.toString();
  }

  /** The name in lower case without a trailing {@code .gz}. */
  static String plainName(Path path) {
    String name = name(path).toLowerCase(Locale.ROOT);
    return name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
  }

  /** The folder a file lies in. */
  static Path folder(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }

  static ReadWriteException unreadable(Path file, IOException e) {
    String why =
        Files.exists(file)
            ? (Files.isReadable(file) ? e.toString() : "no permission")
            : "it does not exist";
    return new ReadWriteException("Cannot read " + file + ": " + why + ".", e);
  }
}
