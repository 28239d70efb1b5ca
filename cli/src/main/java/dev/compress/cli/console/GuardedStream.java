package dev.compress.cli.console;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Passes bytes on until that fails once, then drops them and remembers why: a reader that went away
 * ({@code compress ... | head}) must not end the work that is being done.
 */
final class GuardedStream extends OutputStream {
  private final OutputStream target;
  private volatile @Nullable IOException failure;

  GuardedStream(OutputStream target) {
    this.target = target;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    if (failure == null) {
      try {
        target.write(bytes, offset, length);
      } catch (IOException e) {
        failure = e;
      }
    }
  }

  @Override
  public void flush() {
    if (failure == null) {
      try {
        target.flush();
      } catch (IOException e) {
        failure = e;
      }
    }
  }

  /** Why bytes were dropped; empty if none were, or if the reader just went away. */
  Optional<String> lost() {
    IOException e = failure;
    if (e == null) {
      return Optional.empty();
    }
    String reason = String.valueOf(e.getMessage());
    boolean readerLeft = reason.contains("Broken pipe") || reason.contains("pipe is being closed");
    return readerLeft ? Optional.empty() : Optional.of(reason);
  }
}
