package dev.compress.runtime;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tensors on their way to another process.
 *
 * @param entries one a tensor
 */
public record SerializedTensors(List<Entry> entries) implements Serializable {
  /**
   * One tensor.
   *
   * @param name its name
   * @param type its ONNX type code
   * @param dims its dims
   * @param bytes its little-endian elements
   */
  @SuppressWarnings("ArrayRecordComponent") // compared nowhere
  public record Entry(String name, int type, List<Long> dims, byte[] bytes)
      implements Serializable {}

  public SerializedTensors {
    entries = List.copyOf(entries);
  }

  /** Copies tensors. */
  public static SerializedTensors of(Map<String, TensorBuffer> tensors) {
    List<Entry> entries = new ArrayList<>();
    tensors.forEach(
        (name, tensor) -> {
          byte[] bytes = new byte[tensor.bytes().remaining()];
          tensor.bytes().get(bytes);
          List<Long> dims = new ArrayList<>();
          for (long dim : tensor.shape().toArray()) {
            dims.add(dim);
          }
          entries.add(new Entry(name, tensor.type().code(), List.copyOf(dims), bytes));
        });
    return new SerializedTensors(entries);
  }

  /** The tensors, in direct buffers. */
  public Map<String, TensorBuffer> toTensors() {
    Map<String, TensorBuffer> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      Shape shape = Shape.of(entry.dims().stream().mapToLong(Long::longValue).toArray());
      TensorBuffer tensor = TensorBuffer.allocate(ElementType.of(entry.type()), shape);
      tensor.bytes().put(entry.bytes());
      tensors.put(entry.name(), tensor);
    }
    return tensors;
  }
}
