package dev.compress.cli;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.tensor.NewFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

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
    NewFile.replace(target, text.getBytes(StandardCharsets.UTF_8));
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
