package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * An input that is the same in every batch, such as a recurrent state of zeros or a sample rate.
 *
 * @param name the model's input
 * @param type its type
 * @param dims all its dims; -1 is the batch size
 * @param value of every element
 */
record ConstantInput(String name, ElementType type, List<Long> dims, double value) {
  private static final long LARGEST = 1L << 28;

  ConstantInput {
    dims = List.copyOf(dims);
  }

  static ConstantInput of(String name, InputDescriptor options, double value) {
    return new ConstantInput(
        name, options.dtype().orElse(ElementType.FLOAT), options.shape().orElse(List.of()), value);
  }

  DataInput input() {
    return new DataInput(name, type, dims, true);
  }

  /** The same in the model's type, once its dims are found to fit. */
  ConstantInput bind(InputSpec target) {
    boolean fits = target.anyRank() || target.dims().size() == dims.size();
    for (int i = 0; fits && !target.anyRank() && i < dims.size(); i++) {
      fits =
          dims.get(i) < 0 || target.dims().get(i) < 0 || dims.get(i).equals(target.dims().get(i));
    }
    if (!fits || !DataTypes.isReadable(target.type())) {
      throw new InvalidDataException(
          "The model's input "
              + target
              + " does not take the constant "
              + input()
              + ". Correct its shape and dtype in the data descriptor.");
    }
    return new ConstantInput(name, target.type(), dims, value);
  }

  TensorBuffer tensor(int rows) {
    long[] sizes = dims.stream().mapToLong(d -> d < 0 ? rows : d).toArray();
    long count = 1;
    for (long size : sizes) {
      count = count > LARGEST ? count : count * size;
    }
    if (count > LARGEST) {
      throw new InvalidDataException(
          "The constant "
              + input()
              + " of the data descriptor has "
              + count
              + " elements or more.");
    }
    TensorBuffer tensor = TensorBuffer.allocate(type, Shape.of(sizes));
    double[] values = new double[(int) count];
    Arrays.fill(values, value);
    ByteBuffer bytes = tensor.bytes();
    Numbers.write(type, values, bytes, "Constant '" + name + "'");
    return tensor;
  }
}
