package dev.compress.cli;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Text written to a temporary file in the same folder and moved into place. */
final class NewTextFile {
  private NewTextFile() {}

  /**
   * Writes a file; an existing one is replaced.
   *
   * @param file where
   * @param text its content
   * @throws ReadWriteException if that fails; then an existing file is as it was
   */
  static void write(Path file, String text) {
    Path target = file.toAbsolutePath();
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      writeInPlace(target, text); // such as /dev/stdout or a pipe
      return;
    }
    String unique = Long.toHexString(ProcessHandle.current().pid());
    Path temporary = target.resolveSibling("." + target.getFileName() + "." + unique + ".tmp");
    try {
      try {
        Files.writeString(temporary, text);
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static ReadWriteException failed(Path file, IOException e) {
    return new ReadWriteException(
        "Cannot write "
            + file
            + ": "
            + IoReason.of(e)
            + ". Check the folder, its rights and the space left there.",
        e);
  }

  private static void writeInPlace(Path target, String text) {
    try {
      Files.writeString(target, text);
    } catch (IOException e) {
      throw failed(target, e);
    }
  }
}
