package dev.compress.tensor;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the tensors that passes make: small ones on the heap, the rest in one temporary file, so
 * that memory follows the largest tensor and not the model. Thread-safe. Tensors stored here are
 * readable until {@link #close()}.
 */
public final class Scratch implements AutoCloseable {
  private static final long HEAP_TENSOR_BYTES = 1L << 20;
  private static final long HEAP_TOTAL_BYTES = 64L << 20;

  private final Path folder;
  private final Deque<WorkBuffers> idle = new ConcurrentLinkedDeque<>();
  private long heapBytes;
  private long fileBytes;
  private @Nullable Path file;
  private @Nullable FileChannel channel;
  private boolean closed;

  /**
   * Creates a scratch whose file, if one is needed, lies in a folder.
   *
   * @param folder an existing folder with space for the model's new weights
   */
  public Scratch(Path folder) {
    this.folder = folder;
  }

  /** A scratch in the system's temporary folder. */
  public static Scratch inTemporaryFolder() {
    return new Scratch(Path.of(System.getProperty("java.io.tmpdir", ".")));
  }

  /**
   * Stores a tensor.
   *
   * @param bytes little-endian elements; handed over
   * @return the tensor, on the heap or in the file
   */
  public Tensor store(ElementType type, Shape shape, byte[] bytes) {
    return new Tensor(type, shape, store(bytes));
  }

  private synchronized ByteSource store(byte[] bytes) {
    if (bytes.length <= HEAP_TENSOR_BYTES && heapBytes + bytes.length <= HEAP_TOTAL_BYTES) {
      heapBytes += bytes.length;
      return HeapBytes.wrap(bytes);
    }
    Region region = reserve(bytes.length);
    region.write(0, ByteBuffer.wrap(bytes));
    return region.source();
  }

  /** Buffers to work in, to be handed back by {@link #giveBack}. */
  public WorkBuffers lend() {
    WorkBuffers used = idle.pollFirst();
    return used == null ? new WorkBuffers() : used;
  }

  /** Takes back what nobody uses any more. */
  public void giveBack(WorkBuffers buffers) {
    idle.addFirst(buffers);
  }

  /**
   * Stores a tensor that is made piece by piece, in any order and from any thread.
   *
   * @return the region to write to; its {@link Region#source()} is read once all is written
   */
  public synchronized Region reserve(long size) {
    try {
      FileChannel open = open();
      long offset = fileBytes;
      fileBytes = Math.addExact(fileBytes, size);
      if (size > 0) {
        // Makes the file as long as promised (sparse), so that readers can check its size.
        open.write(ByteBuffer.wrap(new byte[1]), fileBytes - 1);
      }
      return new Region(open, new FileRegion(file(), fileBytes, offset, size));
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot write temporary data to "
              + folder
              + ": "
              + IoReason.of(e)
              + ". Free some space or set -Djava.io.tmpdir.",
          e);
    }
  }

  private FileChannel open() throws IOException {
    if (closed) {
      throw new IllegalStateException("The scratch is closed");
    }
    if (channel == null) {
      StaleScratch.delete(folder, Instant.now());
      file = Files.createTempFile(folder, StaleScratch.prefix(), ".scratch");
      file.toFile().deleteOnExit();
      channel = FileChannel.open(file, StandardOpenOption.WRITE);
    }
    return channel;
  }

  private Path file() {
    if (file == null) {
      throw new IllegalStateException("No scratch file is open");
    }
    return file;
  }

  /** Deletes the file. Idempotent. */
  @Override
  public synchronized void close() {
    closed = true;
    try {
      if (channel != null) {
        channel.close();
      }
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new ReadWriteException("Cannot remove " + file + ": " + IoReason.of(e) + ".", e);
    }
  }

  /** A region of the scratch file that is being written. */
  public static final class Region {
    private final FileChannel channel;
    private final FileRegion region;

    private Region(FileChannel channel, FileRegion region) {
      this.channel = channel;
      this.region = region;
    }

    /** Writes {@code bytes} at a position of the region; thread-safe. */
    public void write(long position, ByteBuffer bytes) {
      java.util.Objects.checkFromIndexSize(position, bytes.remaining(), region.size());
      long at = region.offset() + position;
      try {
        int end = bytes.limit();
        while (bytes.position() < end) {
          bytes.limit(Math.min(end, bytes.position() + FileRegion.STEP));
          at += channel.write(bytes, at);
        }
      } catch (IOException e) {
        throw new ReadWriteException(
            "Cannot write temporary data to "
                + region.file()
                + ": "
                + e.getMessage()
                + ". Free some space or set -Djava.io.tmpdir.",
            e);
      }
    }

    /** The written bytes. */
    public ByteSource source() {
      return region;
    }
  }
}
