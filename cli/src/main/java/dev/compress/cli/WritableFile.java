package dev.compress.cli;

import dev.compress.error.ReadWriteException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Says before the work that a file cannot be written, where that is known. */
final class WritableFile {
  private WritableFile() {}

  /**
   * Requires a place for a file.
   *
   * @throws ReadWriteException if it is a folder, there is none for it, or it may not be written
   */
  static void require(Path file) {
    if (Files.isDirectory(file)) {
      String name = file.toString().isEmpty() ? "'' names no file" : file + " is a folder";
      throw new ReadWriteException(name + ". Name the file to write.");
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new ReadWriteException(
          "Cannot write " + file + ": the folder does not exist. Create it first.");
    }
    if (!Files.isWritable(Files.exists(file) ? file : folder)) {
      throw new ReadWriteException(
          "Cannot write " + file + ": no permission. Check the rights, or choose another folder.");
    }
  }
}
