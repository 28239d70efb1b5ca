package dev.compress.data;

import dev.compress.tensor.TensorBuffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;

/** Writes small data files, and reads datasets back whole. */
final class DataFixtures {
  private DataFixtures() {}

  /** A file that NumPy or Pillow wrote. */
  static Path resource(String name) {
    try {
      return Path.of(Objects.requireNonNull(DataFixtures.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static Path write(Path file, byte[] bytes) {
    try {
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path write(Path file, String text) {
    return write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** An IDX file of bytes whose element {@code i} is {@code i} mod 251. */
  static byte[] idx(int... dims) {
    int count = 1;
    for (int dim : dims) {
      count *= dim;
    }
    ByteBuffer out = ByteBuffer.allocate(4 + 4 * dims.length + count);
    out.put(new byte[] {0, 0, 8, (byte) dims.length});
    for (int dim : dims) {
      out.putInt(dim);
    }
    for (int i = 0; i < count; i++) {
      out.put((byte) (i % 251));
    }
    return out.array();
  }

  static byte[] idxLabels(int... labels) {
    ByteBuffer out = ByteBuffer.allocate(8 + labels.length);
    out.put(new byte[] {0, 0, 8, 1}).putInt(labels.length);
    for (int label : labels) {
      out.put((byte) label);
    }
    return out.array();
  }

  /** A WAV file of 16-bit PCM; samples frame by frame. */
  static byte[] wav(int channels, int rate, int... samples) {
    ByteBuffer out = ByteBuffer.allocate(44 + samples.length * 2).order(ByteOrder.LITTLE_ENDIAN);
    out.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + samples.length * 2);
    out.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
    out.putShort((short) 1).putShort((short) channels).putInt(rate);
    out.putInt(rate * channels * 2).putShort((short) (channels * 2)).putShort((short) 16);
    out.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(samples.length * 2);
    for (int sample : samples) {
      out.putShort((short) sample);
    }
    return out.array();
  }

  /** All samples of an input, one after the other; padding left out. */
  static double[] values(Dataset data, String input, int batchSize) {
    List<Double> values = new ArrayList<>();
    for (Batch batch : data.batches(batchSize)) {
      TensorBuffer tensor = Objects.requireNonNull(batch.inputs().get(input), input);
      int count = (int) (tensor.shape().elementCount() / batch.rows()) * batch.count();
      double[] numbers = Numbers.toDoubles(tensor.type(), tensor.bytes(), count, input);
      for (double number : numbers) {
        values.add(number);
      }
    }
    return values.stream().mapToDouble(v -> v).toArray();
  }

  /** All samples of the only input. */
  static double[] values(Dataset data) {
    return values(data, data.inputs().get(0).name(), 3);
  }

  static long[] labels(Dataset data) {
    List<Long> all = new ArrayList<>();
    for (Batch batch : data.batches(7)) {
      for (long label : batch.labels()) {
        all.add(label);
      }
    }
    return all.stream().mapToLong(l -> l).toArray();
  }
}
