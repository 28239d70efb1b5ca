package dev.compress.tensor;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in hex: 64 digits in lower case. Large content is read in pieces. */
public final class Sha256 {
  private static final int PIECE = 256 << 10;

  private Sha256() {}

  /** A digest to feed piece by piece; {@link #hex} ends it. */
  public static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  /** What a digest has come to. */
  public static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Of bytes. */
  public static String of(byte[] bytes) {
    MessageDigest digest = digest();
    digest.update(bytes);
    return hex(digest);
  }

  /**
   * Of a file, as {@code sha256sum} prints it.
   *
   * @param file a file of any size
   * @throws ReadWriteException if it cannot be read
   */
  public static String of(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return of(in);
    } catch (NoSuchFileException e) {
      throw new ReadWriteException("No such file: " + file + ". Check the path.", e);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + file + ": " + IoReason.of(e) + ".", e);
    }
  }

  /** Of all that a stream still holds; it is not closed. */
  public static String of(InputStream in) throws IOException {
    MessageDigest digest = digest();
    byte[] piece = new byte[PIECE];
    for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
      digest.update(piece, 0, n);
    }
    return hex(digest);
  }

  /**
   * Of a part of a source.
   *
   * @param from the first byte
   * @param to the byte after the last
   */
  public static String of(ByteSource source, long from, long to) {
    MessageDigest digest = digest();
    ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, to - from));
    for (long at = from; at < to; at += piece.capacity()) {
      piece.clear().limit((int) Math.min(piece.capacity(), to - at));
      source.read(at, piece);
      digest.update(piece.flip());
    }
    return hex(digest);
  }
}
