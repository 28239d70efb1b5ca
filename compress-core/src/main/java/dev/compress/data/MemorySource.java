package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.Sha256;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tensors in memory as samples. */
final class MemorySource {
  private MemorySource() {}

  static SampleSource of(String name, Map<String, TensorBuffer> tensors) {
    List<ArraySource.Column> columns = new ArrayList<>();
    long count = -1;
    for (Map.Entry<String, TensorBuffer> entry : tensors.entrySet()) {
      TensorBuffer tensor = entry.getValue();
      long[] dims = tensor.shape().toArray();
      if (dims.length == 0 || dims[0] == 0 || (count >= 0 && dims[0] != count)) {
        throw new InvalidDataException(
            name
                + ": '"
                + entry.getKey()
                + "' is "
                + tensor.shape()
                + "; dim 0 of every array must count the same samples, at least one.");
      }
      count = dims[0];
      List<Long> sample = Arrays.stream(dims).skip(1).boxed().toList();
      int bytes = ArraySource.sampleBytes(tensor.type(), sample, name);
      SourceField field =
          new SourceField(entry.getKey(), SourceField.Kind.ARRAY, tensor.type(), sample);
      columns.add(new ArraySource.Column(field, bytes(tensor), 0, bytes, false));
    }
    if (columns.isEmpty()) {
      throw new InvalidDataException(name + " holds no arrays.");
    }
    return new ArraySource(count, columns, Optional.empty(), List.of(), List.of());
  }

  private static ByteSource bytes(TensorBuffer tensor) {
    return new ByteSource() {
      @Override
      public long size() {
        return tensor.bytes().limit();
      }

      @Override
      public void read(long position, ByteBuffer target) {
        int length = target.remaining();
        target.put(tensor.bytes().slice((int) position, length));
      }
    };
  }

  static String sha256(Map<String, TensorBuffer> tensors, long[] labels) {
    MessageDigest digest = Sha256.digest();
    tensors.forEach(
        (name, tensor) -> {
          String head = name + " " + tensor.type() + " " + tensor.shape() + "\n";
          digest.update(head.getBytes(StandardCharsets.UTF_8));
          digest.update(tensor.bytes());
        });
    for (long label : labels) {
      digest.update(ByteBuffer.allocate(8).putLong(label).flip());
    }
    return Sha256.hex(digest);
  }
}
