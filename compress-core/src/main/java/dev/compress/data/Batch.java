package dev.compress.data;

import dev.compress.tensor.TensorBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Some consecutive samples of a dataset, ready to be run.
 *
 * <p>The tensors of a batch that an iterator returned are overwritten when the next one is asked
 * for; {@link #copy()} what must live longer.
 */
public final class Batch {
  private final Map<String, TensorBuffer> inputs;
  private final long first;
  private final int count;
  private final int rows;
  private final long[] labels;
  private final float[] targets;

  Batch(
      Map<String, TensorBuffer> inputs,
      long first,
      int count,
      int rows,
      long[] labels,
      float[] targets) {
    this.inputs = Collections.unmodifiableMap(inputs);
    this.first = first;
    this.count = count;
    this.rows = rows;
    this.labels = labels;
    this.targets = targets;
  }

  /** The tensors by input name. */
  public Map<String, TensorBuffer> inputs() {
    return inputs;
  }

  /**
   * The tensor of one input.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public TensorBuffer input(String name) {
    TensorBuffer tensor = inputs.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("No input '" + name + "' but " + inputs.keySet());
    }
    return tensor;
  }

  /** The index in the dataset of the first sample. */
  public long first() {
    return first;
  }

  /** How many samples there are. */
  public int count() {
    return count;
  }

  /**
   * Rows in the tensors: {@link #count()}, or more where a model with a fixed batch made padding
   * necessary; outputs of rows from {@code count} on are to be ignored.
   */
  public int rows() {
    return rows;
  }

  /** The class of each of the {@link #count()} samples; empty where there are no class labels. */
  public long[] labels() {
    return labels.clone();
  }

  /** The target values, sample by sample; empty where there are none. */
  public float[] targets() {
    return targets.clone();
  }

  /** The same with tensors of its own. */
  public Batch copy() {
    Map<String, TensorBuffer> copies = new LinkedHashMap<>();
    inputs.forEach(
        (name, tensor) -> {
          TensorBuffer copy = TensorBuffer.allocate(tensor.type(), tensor.shape());
          copy.bytes().put(tensor.bytes());
          copies.put(name, copy);
        });
    return new Batch(copies, first, count, rows, labels, targets);
  }
}
