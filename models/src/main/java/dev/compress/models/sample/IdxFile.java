package dev.compress.models.sample;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * IDX files of unsigned bytes, the format of MNIST: two zero bytes, the type 8, the rank, each
 * dimension as a big-endian int, then the data; gzipped. The gzip header is fixed (no name, no
 * time, system unknown), so the file depends on the data and the zlib version only.
 */
final class IdxFile {
  private static final byte UNSIGNED_BYTE = 8;
  private static final byte[] GZIP_HEADER = {
    0x1f, (byte) 0x8b, Deflater.DEFLATED, 0, 0, 0, 0, 0, 2, (byte) 0xff
  };

  private IdxFile() {}

  /** The plain IDX form. */
  static byte[] encode(byte[] data, int... dims) {
    ByteBuffer buffer = ByteBuffer.allocate(4 + 4 * dims.length + data.length);
    buffer.put((byte) 0).put((byte) 0).put(UNSIGNED_BYTE).put((byte) dims.length);
    for (int dim : dims) {
      buffer.putInt(dim);
    }
    return buffer.put(data).array();
  }

  /** Gzipped at the best level. */
  static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(GZIP_HEADER);
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    try (DeflaterOutputStream deflated = new DeflaterOutputStream(out, deflater)) {
      deflated.write(content);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    } finally {
      deflater.end();
    }
    CRC32 crc = new CRC32();
    crc.update(content);
    out.writeBytes(
        ByteBuffer.allocate(8)
            .order(java.nio.ByteOrder.LITTLE_ENDIAN)
            .putInt((int) crc.getValue())
            .putInt(content.length)
            .array());
    return out.toByteArray();
  }
}
