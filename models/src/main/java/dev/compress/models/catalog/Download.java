package dev.compress.models.catalog;

import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import dev.compress.tensor.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLConnection;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Fetches one file over HTTP. What arrived stays in a file {@code .part} beside the target until
 * all is there, so that the next try goes on where this one stopped; the target appears only with
 * the right content.
 */
final class Download {
  private static final int CONNECT_MILLIS = 20_000;
  private static final int SILENCE_MILLIS = 30_000;
  private static final int PIECE = 1 << 16;
  private static final String REMEDY =
      " Try again, which goes on where this stopped, or fetch it elsewhere and name the folder with"
          + " --mirror.";

  private final CatalogFile file;
  private final Path target;
  private final Path part;
  private final Progress progress;
  private long told;

  Download(CatalogFile file, Path target, Progress progress) {
    this.file = file;
    this.target = target;
    this.part = target.resolveSibling(file.name() + ".part");
    this.progress = progress;
  }

  /**
   * Fetches it.
   *
   * @throws ReadWriteException if it cannot be reached or written; what arrived is kept
   * @throws InvalidDataException if it is another file than the catalogue's
   */
  void run() {
    try {
      long have = Files.exists(part) ? Files.size(part) : 0;
      if (have > file.bytes()) {
        Files.delete(part);
        have = 0;
      }
      tell(have);
      if (have < file.bytes()) {
        receive(have);
      }
      check();
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot download " + file.url() + ": " + reason(e) + "." + REMEDY, e);
    }
  }

  private static String reason(IOException e) {
    if (e instanceof UnknownHostException) {
      return "the host " + e.getMessage() + " is not known here (no network?)";
    }
    return e instanceof SocketTimeoutException ? "there is no answer" : IoReason.of(e);
  }

  private void receive(long have) throws IOException {
    HttpURLConnection connection = open(file.url());
    if (have > 0) {
      connection.setRequestProperty("Range", "bytes=" + have + "-");
    }
    try {
      int status = connection.getResponseCode();
      boolean rest = status == HttpURLConnection.HTTP_PARTIAL && startsAt(connection, have);
      if (!rest && status != HttpURLConnection.HTTP_OK) {
        throw new IOException("the server answers " + status);
      }
      long size = rest ? have : 0;
      try (InputStream in = connection.getInputStream();
          OutputStream out =
              Files.newOutputStream(
                  part,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE,
                  rest ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING)) {
        byte[] piece = new byte[PIECE];
        for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
          size += n;
          if (size > file.bytes()) {
            break; // not what was asked for: the check says so, the disk does not fill
          }
          out.write(piece, 0, n);
          tell(size);
          progress.check();
        }
      }
      if (size < file.bytes()) {
        throw new IOException("it ends after " + size + " of " + file.bytes() + " bytes");
      }
      if (size > file.bytes()) {
        Files.deleteIfExists(part);
        throw other("it is larger than " + file.bytes() + " bytes");
      }
    } finally {
      connection.disconnect();
    }
  }

  /** Progress does not go back where the server begins anew. */
  private void tell(long size) {
    if (size > told) {
      progress.advance(size - told);
      told = size;
    }
  }

  private static boolean startsAt(HttpURLConnection connection, long offset) {
    String range = connection.getHeaderField("Content-Range");
    return range != null && range.startsWith("bytes " + offset + "-");
  }

  private static HttpURLConnection open(URI url) throws IOException {
    URLConnection connection = url.toURL().openConnection();
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(SILENCE_MILLIS);
    connection.setRequestProperty("Accept-Encoding", "identity");
    if (connection instanceof HttpURLConnection http) {
      return http;
    }
    throw new IOException("only http and https are followed");
  }

  private void check() throws IOException {
    String found = Sha256.of(part);
    if (found.equals(file.sha256())) {
      return;
    }
    String head = head();
    Files.delete(part);
    throw other(
        head.startsWith("version https://git-lfs")
            ? "it is a Git LFS pointer, not the file"
            : "its SHA-256 is " + found + " and not " + file.sha256());
  }

  private String head() throws IOException {
    try (InputStream in = Files.newInputStream(part)) {
      return new String(in.readNBytes(64), StandardCharsets.ISO_8859_1);
    }
  }

  private InvalidDataException other(String why) {
    return new InvalidDataException(
        file.url() + " is not what the catalogue knows: " + why + ". It was thrown away.");
  }
}
