package dev.compress.tensor;

import dev.compress.error.CancelledException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A file that appears complete or not at all: written under a temporary name in the same folder,
 * hashed on the way, then moved into place. Not thread-safe.
 */
public final class NewFile implements AutoCloseable {
  private static final int BUFFER = 1 << 20;

  private final Path target;
  private final Path temporary;
  private final FileChannel channel;
  private final Progress progress;
  private final BackgroundDigest digest = new BackgroundDigest();
  private ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
  private @Nullable ByteBuffer other; // is hashed while the one is filled
  private long written;
  private boolean moved;

  private NewFile(Path target, Path temporary, FileChannel channel, Progress progress) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
    this.progress = progress;
  }

  /**
   * Writes a small file at once, over what is there.
   *
   * @param target the file
   * @param content all of it
   * @throws ReadWriteException if that fails; then an existing file is as it was
   */
  public static void replace(Path target, byte[] content) {
    Path place = target.toAbsolutePath();
    try (NewFile file = near(place, Progress.NONE)) {
      file.write(ByteBuffer.wrap(content));
      file.finish(false);
      file.moveTo(place);
    }
  }

  /**
   * Begins a file.
   *
   * @param target near its final place: in the same folder
   * @param progress advanced by the bytes written; asked whether to stop
   */
  public static NewFile near(Path target, Progress progress) {
    for (int attempt = 0; ; attempt++) {
      // Not createTempFile: the file would be readable by its owner only, also after the move.
      String unique = Long.toHexString(System.nanoTime() * 31 + ProcessHandle.current().pid());
      Path temporary = target.resolveSibling("." + target.getFileName() + "." + unique + ".tmp");
      try {
        FileChannel channel =
            FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        temporary.toFile().deleteOnExit(); // for Ctrl-C
        return new NewFile(target, temporary, channel, progress);
      } catch (FileAlreadyExistsException e) {
        if (attempt == 100) {
          throw failed(target, e);
        }
      } catch (IOException e) {
        throw failed(target, e);
      }
    }
  }

  private static RuntimeException failed(Path target, IOException e) {
    if (e instanceof ClosedByInterruptException) {
      return new CancelledException("Interrupted; " + target + " was not written.", e);
    }
    return new ReadWriteException(
        "Cannot write "
            + target
            + ": "
            + IoReason.of(e)
            + ". Check the folder, its permissions and its space.",
        e);
  }

  /** Appends bytes. */
  public void write(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int n = Math.min(bytes.remaining(), buffer.remaining());
      buffer.put(bytes.slice(bytes.position(), n));
      bytes.position(bytes.position() + n);
    }
  }

  /** Appends all bytes of a source. */
  public void write(ByteSource source) {
    long position = 0;
    while (position < source.size()) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int n = (int) Math.min(source.size() - position, buffer.remaining());
      int end = buffer.position() + n;
      buffer.limit(end);
      source.read(position, buffer);
      buffer.limit(buffer.capacity()).position(end);
      position += n;
    }
  }

  /** Appends zeros up to a position. */
  public void padTo(long position) {
    while (size() < position) {
      write(ByteBuffer.allocate((int) Math.min(position - size(), BUFFER)));
    }
  }

  /** The bytes so far. */
  public long size() {
    return written + buffer.position();
  }

  private void flush() {
    ByteBuffer full = buffer;
    digest.update(full.duplicate().flip());
    writeOut(full);
    buffer = other == null ? ByteBuffer.allocate(BUFFER) : other.clear();
    other = full;
  }

  private void writeOut(ByteBuffer full) {
    progress.check();
    full.flip();
    try {
      while (full.hasRemaining()) {
        channel.write(full);
      }
    } catch (IOException e) {
      throw failed(target, e);
    }
    written += full.limit();
    progress.advance(full.limit());
  }

  /**
   * Completes the content.
   *
   * @param sync whether to wait for the disk
   * @return its SHA-256 in hex
   */
  public String finish(boolean sync) {
    writeOut(buffer);
    try {
      if (sync) {
        channel.force(true);
      }
      channel.close();
    } catch (IOException e) {
      throw failed(target, e);
    }
    return digest.finish(buffer.duplicate().rewind());
  }

  /** Moves the finished file into place, over what is there. */
  public void moveTo(Path place) {
    try {
      Files.move(
          temporary, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      moved = true;
    } catch (IOException e) {
      throw failed(place, e);
    }
  }

  /** Removes what was not moved into place. Idempotent. */
  @Override
  public void close() {
    digest.close();
    try {
      channel.close();
      if (!moved) {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw failed(target, e);
    }
  }
}
