package dev.compress.data;

import dev.compress.tensor.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;

/** SHA-256 of the files of a dataset. */
final class ContentHash {
  private ContentHash() {}

  /**
   * Of one file its SHA-256, as {@code sha256sum} prints it; of several the SHA-256 of their lines
   * {@code hash, two spaces, name, line feed}, names relative to {@code root}, in the given order.
   */
  static String of(List<Path> files, Path root) {
    if (files.size() == 1) {
      return of(files.get(0));
    }
    MessageDigest digest = Sha256.digest();
    Path base = Files.isDirectory(root) ? root : DataFiles.folder(root);
    for (Path file : files) {
      Path full = file.toAbsolutePath().normalize();
      String name =
          base.toAbsolutePath().normalize().relativize(full).toString().replace('\\', '/');
      digest.update((of(file) + "  " + name + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return Sha256.hex(digest);
  }

  private static String of(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return Sha256.of(in);
    } catch (IOException e) {
      throw DataFiles.unreadable(file, e);
    }
  }
}
