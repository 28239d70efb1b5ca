package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.tensor.ByteSource;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * The content of a compressed stream, readable at any position. It is inflated once and only as far
 * as it is read: the first 32 MiB are kept on the heap, the rest in a temporary file that vanishes
 * with the process. Thread-safe.
 */
final class InflatingBytes implements ByteSource, AutoCloseable {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int HEAP_CHUNKS = 32;
  private static final long UNKNOWN = -1;

  /** Opens the inflated stream from its start. */
  interface Opener {
    InputStream open() throws IOException;
  }

  private final String what;
  private final Opener opener;
  private final List<byte[]> chunks = new ArrayList<>();
  private @Nullable InputStream stream;
  private @Nullable FileChannel overflow;
  private @Nullable String failure;
  private long inflated;
  private long end = UNKNOWN;
  private long expected = UNKNOWN;

  /**
   * Prepares; nothing is read yet.
   *
   * @param what names the stream in errors, such as its file
   * @param opener opens the inflated stream; called once
   */
  InflatingBytes(String what, Opener opener) {
    this.what = what;
    this.opener = opener;
  }

  /** Makes any other inflated size than this an error, as soon as it shows. */
  synchronized InflatingBytes expect(long bytes) {
    expected = bytes;
    return this;
  }

  /** The inflated size; inflates to the end if no size was promised. */
  @Override
  public synchronized long size() {
    if (expected != UNKNOWN) {
      return expected;
    }
    inflateTo(Long.MAX_VALUE);
    return end;
  }

  @Override
  public synchronized void read(long position, ByteBuffer target) {
    long to = Math.addExact(position, target.remaining());
    inflateTo(to);
    if (to > inflated) {
      throw new InvalidDataException(
          what
              + " is "
              + inflated
              + " bytes when inflated, but "
              + to
              + " are needed: it is cut short, or its header is wrong.");
    }
    long at = position;
    while (target.hasRemaining()) {
      int chunk = (int) Math.min(at / CHUNK_BYTES, HEAP_CHUNKS);
      if (chunk < HEAP_CHUNKS) {
        int offset = (int) (at % CHUNK_BYTES);
        int n = Math.min(target.remaining(), CHUNK_BYTES - offset);
        target.put(chunks.get(chunk), offset, n);
        at += n;
      } else {
        at += readOverflow(at, target);
      }
    }
  }

  private int readOverflow(long at, ByteBuffer target) {
    try {
      int n = overflow == null ? -1 : overflow.read(target, at - heapBytes());
      if (n < 0) {
        throw new ReadWriteException("The temporary copy of " + what + " ended early. Run again.");
      }
      return n;
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read the temporary copy of " + what + ".", e);
    }
  }

  private static long heapBytes() {
    return (long) HEAP_CHUNKS * CHUNK_BYTES;
  }

  private void inflateTo(long wanted) {
    if (failure != null) {
      throw new InvalidDataException(failure);
    }
    if (end != UNKNOWN || (inflated >= wanted && inflated != expected)) {
      return;
    }
    try {
      if (stream == null) {
        stream = opener.open();
      }
      while (end == UNKNOWN && (inflated < wanted || inflated == expected)) {
        inflateChunk(stream);
      }
    } catch (EOFException | ZipException e) {
      throw fail(
          what
              + " is a damaged archive ("
              + e.getMessage()
              + ", after "
              + inflated
              + " inflated bytes): it may be cut short. Download or copy it again.");
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + what + ": " + IoReason.of(e) + ".", e);
    }
  }

  /** Remembered, because a broken stream read again would go on at the wrong place. */
  private InvalidDataException fail(String message) {
    failure = message;
    return new InvalidDataException(message);
  }

  /** Inflates one whole chunk, or what is left; so {@code inflated} is on a chunk's border. */
  private void inflateChunk(InputStream in) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    int n = in.readNBytes(chunk, 0, CHUNK_BYTES);
    if (chunks.size() < HEAP_CHUNKS) {
      chunks.add(n < CHUNK_BYTES ? Arrays.copyOf(chunk, n) : chunk);
    } else {
      append(ByteBuffer.wrap(chunk, 0, n));
    }
    inflated += n;
    if (expected != UNKNOWN && inflated > expected) {
      throw fail(
          what
              + " goes on after the "
              + expected
              + " bytes that its header promises. "
              + "The header is wrong or the file is of another format.");
    }
    if (n < CHUNK_BYTES) {
      end = inflated;
      in.close();
      if (expected != UNKNOWN && end != expected) {
        throw fail(
            what
                + " ends after "
                + end
                + " of the "
                + expected
                + " bytes that its header promises. Download or copy it again.");
      }
    }
  }

  private void append(ByteBuffer bytes) throws IOException {
    FileChannel channel = overflow;
    if (channel == null) {
      Path file = Files.createTempFile("compress-", ".inflated");
      channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
      overflow = channel;
    }
    long at = inflated - heapBytes();
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /** Drops what was inflated. Idempotent; the bytes cannot be read afterwards. */
  @Override
  public synchronized void close() {
    try {
      if (stream != null) {
        stream.close();
      }
      if (overflow != null) {
        overflow.close();
      }
      chunks.clear();
    } catch (IOException e) {
      throw new ReadWriteException("Cannot close " + what + ": " + IoReason.of(e) + ".", e);
    }
  }
}
