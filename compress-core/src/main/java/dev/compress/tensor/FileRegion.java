package dev.compress.tensor;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A part of a file, read where it lies by positional reads (mapped pages would count as resident
 * memory). The file is checked at every read, so that one cut short or written anew meanwhile is an
 * error and not silently other weights.
 *
 * @param file the file
 * @param fileSize its size when it was opened, in bytes
 * @param modifiedNanos when it was last modified, in nanoseconds since 1970; 0 for a file that is
 *     still being written
 * @param offset where the region begins, in bytes
 * @param size its length in bytes
 */
public record FileRegion(Path file, long fileSize, long modifiedNanos, long offset, long size)
    implements ByteSource {
  /**
   * Bytes that one call reads or writes: they pass through a buffer of Java's outside the heap,
   * which then stays in the cache.
   */
  static final int STEP = 1 << 16;

  /**
   * Checks that the region is inside the file.
   *
   * @throws IndexOutOfBoundsException if it is not
   */
  public FileRegion {
    Objects.checkFromIndexSize(offset, size, fileSize);
  }

  /**
   * A whole file as it is now.
   *
   * @throws ReadWriteException if it is not there or cannot be looked at
   */
  public static FileRegion ofAll(Path file) {
    try {
      long size = Files.size(file);
      return new FileRegion(file, size, modifiedNanos(file), 0, size);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + file + ": " + IoReason.of(e) + ".", e);
    }
  }

  /** A part of a file that may be modified elsewhere, but stays as long as it is. */
  public FileRegion(Path file, long fileSize, long offset, long size) {
    this(file, fileSize, 0, offset, size);
  }

  /**
   * When a file was last modified.
   *
   * @return nanoseconds since 1970
   */
  public static long modifiedNanos(Path file) throws IOException {
    return Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS);
  }

  @Override
  public void read(long position, ByteBuffer target) {
    Objects.checkFromIndexSize(position, target.remaining(), size);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() < fileSize) {
        throw new ReadWriteException(
            file + " became shorter while it was read (" + fileSize + " bytes before). Run again.");
      }
      if (modifiedNanos != 0 && modifiedNanos != modifiedNanos(file)) {
        throw new ReadWriteException(
            file + " was changed since the model was read from it. Run again.");
      }
      long at = offset + position;
      int end = target.limit();
      while (target.position() < end) {
        target.limit(Math.min(end, target.position() + STEP));
        int n = channel.read(target, at);
        if (n < 0) {
          throw new ReadWriteException(file + " ended early at byte " + at + ".");
        }
        at += n;
      }
    } catch (IOException e) {
      String why = Files.exists(file) ? e.getMessage() : "the file is gone";
      throw new ReadWriteException("Cannot read " + file + ": " + why + ".", e);
    }
  }

  // Spelled out, for a record's own are linked at the first call: 5 ms of each start.

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FileRegion region
        && file.equals(region.file)
        && fileSize == region.fileSize
        && modifiedNanos == region.modifiedNanos
        && offset == region.offset
        && size == region.size;
  }

  @Override
  public int hashCode() {
    return 31 * (31 * file.hashCode() + Long.hashCode(offset)) + Long.hashCode(size);
  }
}
