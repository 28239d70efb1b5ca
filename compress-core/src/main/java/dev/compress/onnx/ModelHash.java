package dev.compress.onnx;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files. */
public final class ModelHash {
  private static final int BUFFER = 256 << 10;

  private ModelHash() {}

  /**
   * The SHA-256 of a file.
   *
   * @param file a file of any size; read in pieces
   * @return 64 hex digits in lower case
   * @throws ReadWriteException if it cannot be read
   */
  public static String sha256(Path file) {
    MessageDigest digest = newDigest();
    byte[] bytes = new byte[BUFFER];
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (channel.read(buffer.clear()) >= 0) {
        digest.update(bytes, 0, buffer.position());
      }
    } catch (NoSuchFileException e) {
      throw new ReadWriteException("No such file: " + file + ". Check the path.", e);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + file + ": " + IoReason.of(e) + ".", e);
    }
    return hex(digest);
  }

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }
}
