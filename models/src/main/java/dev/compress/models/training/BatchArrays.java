package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.compress.error.UnsupportedModelException;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.tensor.TensorBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tensors of the core as arrays of the engine. */
final class BatchArrays {
  private BatchArrays() {}

  /** Copies, owned by the scope. */
  static Map<String, NDArray> of(Map<String, TensorBuffer> tensors, NDManager scope) {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> arrays.put(name, of(name, tensor, scope)));
    return arrays;
  }

  static NDArray of(String name, TensorBuffer tensor, NDManager scope) {
    DataType type =
        switch (tensor.type().name()) {
          case "float" -> DataType.FLOAT32;
          case "double" -> DataType.FLOAT64;
          case "int64" -> DataType.INT64;
          case "int32" -> DataType.INT32;
          case "uint8" -> DataType.UINT8;
          case "int8" -> DataType.INT8;
          case "bool" -> DataType.BOOLEAN;
          default ->
              throw new UnsupportedModelException(
                  "No training on the input '" + name + "' of " + tensor.type() + ".");
        };
    return Scalars.owned(scope.create(tensor.bytes(), new Shape(tensor.shape().toArray()), type));
  }
}
