package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.FileRegion;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * The entries of a ZIP file as byte sources: stored ones are read where they lie (the JDK's reader
 * does not tell where that is), deflated ones through {@link InflatingBytes}. ZIP64 included, as
 * NumPy writes it.
 */
final class ZipDirectory {
  private static final int END = 0x06054b50;
  private static final int END64 = 0x06064b50;
  private static final int END64_LOCATOR = 0x07064b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int LOCAL = 0x04034b50;
  private static final int LONGEST_DIRECTORY = 64 << 20;
  private static final int LONGEST_END = 22 + 0xffff;
  private static final long FULL32 = 0xffffffffL;

  private final Path file;
  private final long size;
  private final ByteSource raw;

  private ZipDirectory(Path file) {
    this.file = file;
    this.size = DataFiles.size(file);
    this.raw = new FileRegion(file, size, 0, size);
  }

  /** The entries by name, in the directory's order. */
  static Map<String, ByteSource> open(Path file) {
    return new ZipDirectory(file).entries();
  }

  private Map<String, ByteSource> entries() {
    ByteBuffer tail = read(Math.max(0, size - LONGEST_END), (int) Math.min(size, LONGEST_END));
    int at = tail.limit() - 22;
    while (at >= 0 && tail.getInt(at) != END) {
      at--;
    }
    if (at < 0) {
      throw damaged("it has no end record");
    }
    long count = tail.getShort(at + 10) & 0xffff;
    long length = tail.getInt(at + 12) & FULL32;
    long offset = tail.getInt(at + 16) & FULL32;
    if (at >= 20 && tail.getInt(at - 20) == END64_LOCATOR) {
      ByteBuffer end = read(tail.getLong(at - 20 + 8), 56);
      if (end.getInt(0) != END64) {
        throw damaged("its ZIP64 end record is not where it should be");
      }
      count = end.getLong(32);
      length = end.getLong(40);
      offset = end.getLong(48);
    }
    if (length < 0 || length > LONGEST_DIRECTORY || count < 0 || count > length / 46) {
      throw damaged("its directory of " + count + " entries cannot take " + length + " bytes");
    }
    ByteBuffer directory = read(offset, (int) length);
    Map<String, ByteSource> entries = new LinkedHashMap<>();
    int position = 0;
    for (long i = 0; i < count; i++) {
      position = entry(directory, position, entries);
    }
    return entries;
  }

  private int entry(ByteBuffer directory, int at, Map<String, ByteSource> entries) {
    if (at + 46 > directory.limit() || directory.getInt(at) != CENTRAL) {
      throw damaged("its directory is cut short");
    }
    int flags = directory.getShort(at + 8);
    int method = directory.getShort(at + 10) & 0xffff;
    long packed = directory.getInt(at + 20) & FULL32;
    long unpacked = directory.getInt(at + 24) & FULL32;
    int nameLength = directory.getShort(at + 28) & 0xffff;
    int extraLength = directory.getShort(at + 30) & 0xffff;
    int commentLength = directory.getShort(at + 32) & 0xffff;
    long offset = directory.getInt(at + 42) & FULL32;
    int next = at + 46 + nameLength + extraLength + commentLength;
    if (next > directory.limit()) {
      throw damaged("its directory is cut short");
    }
    byte[] nameBytes = new byte[nameLength];
    directory.get(at + 46, nameBytes);
    String name = new String(nameBytes, StandardCharsets.UTF_8);
    ByteBuffer extra = directory.slice(at + 46 + nameLength, extraLength);
    extra.order(ByteOrder.LITTLE_ENDIAN);
    long[] sizes = zip64(extra, new long[] {unpacked, packed, offset});
    if ((flags & 1) != 0) {
      throw damaged("'" + Labels.shown(name) + "' is encrypted");
    }
    entries.put(name, source(name, method, directory.getInt(at + 16) & FULL32, sizes));
    return next;
  }

  /** Replaces the values that are all ones by those of the ZIP64 extra field, in order. */
  private long[] zip64(ByteBuffer extra, long[] values) {
    int at = 0;
    while (at + 4 <= extra.limit()) {
      int id = extra.getShort(at) & 0xffff;
      int length = extra.getShort(at + 2) & 0xffff;
      if (id == 1) {
        int from = at + 4;
        for (int i = 0; i < values.length; i++) {
          if (values[i] == FULL32 && from + 8 <= Math.min(extra.limit(), at + 4 + length)) {
            values[i] = extra.getLong(from);
            from += 8;
          }
        }
      }
      at += 4 + length;
    }
    return values;
  }

  private ByteSource source(String name, int method, long crc, long[] sizes) {
    long unpacked = sizes[0];
    long packed = sizes[1];
    ByteBuffer local = read(sizes[2], 30);
    if (local.getInt(0) != LOCAL) {
      throw damaged("'" + Labels.shown(name) + "' is not where the directory says");
    }
    long start = sizes[2] + 30 + (local.getShort(26) & 0xffff) + (local.getShort(28) & 0xffff);
    if (unpacked < 0 || packed < 0 || start > size - packed) {
      throw damaged("'" + Labels.shown(name) + "' is cut short");
    }
    if (method == 0 && packed == unpacked) {
      return new FileRegion(file, size, start, packed);
    }
    if (method != 8) {
      throw damaged(
          "'" + Labels.shown(name) + "' is compressed by method " + method + ", not deflate");
    }
    return new InflatingBytes(
            file + " (" + Labels.shown(name) + ")", () -> inflate(start, packed, crc))
        .expect(unpacked);
  }

  private InputStream inflate(long start, long packed, long crc) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    channel.position(start);
    InputStream bounded = new Bounded(Channels.newInputStream(channel), packed);
    return new CheckedInflater(new BufferedInputStream(bounded, 1 << 16), crc);
  }

  private ByteBuffer read(long position, int length) {
    if (position < 0 || position > size - length) {
      throw damaged("it is cut short");
    }
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    raw.read(position, bytes);
    return bytes.flip();
  }

  private InvalidDataException damaged(String why) {
    return new InvalidDataException(
        file + " is no readable .npz (ZIP) file: " + why + ". Download or copy it again.");
  }

  /** A stream that ends after a number of bytes. */
  private static final class Bounded extends InputStream {
    private final InputStream in;
    private long left;

    Bounded(InputStream in, long left) {
      this.in = in;
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int n = in.read(target, offset, (int) Math.min(left, length));
      left -= Math.max(0, n);
      return n;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  /** Inflates, and at the end compares the checksum. */
  private static final class CheckedInflater extends InflaterInputStream {
    private final CRC32 sum = new CRC32();
    private final long expected;

    CheckedInflater(InputStream in, long expected) {
      super(in, new Inflater(true), 1 << 16);
      this.expected = expected;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = super.read(target, offset, length);
      if (n > 0) {
        sum.update(target, offset, n);
      } else if (n < 0 && sum.getValue() != expected) {
        throw new ZipException("its checksum differs");
      }
      return n;
    }

    @Override
    public void close() throws IOException {
      super.close();
      inf.end();
    }
  }
}
