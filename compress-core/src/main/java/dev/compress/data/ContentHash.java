package dev.compress.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** SHA-256 of files, streamed. */
final class ContentHash {
  private ContentHash() {}

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Of one file its SHA-256, as {@code sha256sum} prints it; of several the SHA-256 of their lines
   * {@code hash, two spaces, name, line feed}, names relative to {@code root}, in the given order.
   */
  static String of(List<Path> files, Path root) {
    if (files.size() == 1) {
      return of(files.get(0));
    }
    MessageDigest digest = sha256();
    Path base = Files.isDirectory(root) ? root : DataFiles.folder(root);
    for (Path file : files) {
      Path full = file.toAbsolutePath().normalize();
      String name =
          base.toAbsolutePath().normalize().relativize(full).toString().replace('\\', '/');
      digest.update((of(file) + "  " + name + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return hex(digest);
  }

  private static String of(Path file) {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    } catch (IOException e) {
      throw DataFiles.unreadable(file, e);
    }
    return hex(digest);
  }
}
