package dev.compress.models.autograd;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.compress.error.UnsupportedModelException;
import dev.compress.models.autograd.GraphPlan.Step;
import dev.compress.models.autograd.op.Arguments;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One execution of steps. Every array that an operator is handed is a view of its own in the scope,
 * so that whatever is computed from it belongs to the scope too.
 */
final class GraphRun {
  /** What is known before the first step. */
  interface Source {
    /** A stored or precomputed array; null if a value is none. */
    @Nullable NDArray persistent(int value);

    /** What to use in place of a stored array or of a computed value. */
    NDArray transformed(int value, NDArray array, boolean training);

    /** Whether a value is the same in every run. */
    boolean constant(int value);

    /** A constant's integers, kept. */
    long[] longs(int value);

    /** A constant's numbers, kept. */
    double[] doubles(int value);
  }

  private final Source source;
  private final NDManager scope;
  private final boolean training;
  private final @Nullable NDArray[] values;

  GraphRun(Source source, NDManager scope, boolean training, int values) {
    this.source = source;
    this.scope = scope;
    this.training = training;
    this.values = new NDArray[values];
  }

  /** A view that belongs to another manager. */
  static NDArray view(NDArray array, NDManager owner) {
    NDArray view = array.reshape(array.getShape());
    view.attach(owner);
    return view;
  }

  /** Feeds a value. */
  void feed(int value, NDArray array) {
    values[value] = source.transformed(value, view(array, scope), training);
  }

  /** A value that was fed, stored or computed. */
  NDArray value(int value) {
    NDArray known = values[value];
    if (known == null) {
      NDArray persistent = source.persistent(value);
      if (persistent == null) {
        throw new IllegalStateException("Value " + value + " was not computed");
      }
      known = source.transformed(value, view(persistent, scope), training);
      values[value] = known;
    }
    return known;
  }

  /** Computes a node's outputs. */
  void execute(Step step) {
    NDList results;
    try {
      results = step.operator().apply(new StepArguments(step.inputs()));
    } catch (EngineException | IllegalArgumentException | UnsupportedOperationException e) {
      throw failed(step, e);
    }
    for (int i = 0; i < step.outputs().length; i++) {
      int output = step.outputs()[i];
      if (output == GraphPlan.NONE) {
        continue;
      }
      if (i >= results.size()) {
        throw failed(step, new IllegalStateException("output " + i + " is not computed"));
      }
      NDArray result = results.get(i);
      for (int input : step.inputs()) {
        if (input != GraphPlan.NONE && isSame(values[input], result)) {
          result = view(result, scope); // each value an object of its own, to be closed alone
        }
      }
      values[output] = source.transformed(output, result, training);
    }
  }

  /** Lets go of values that nothing reads any more; what autograd needs of them it keeps itself. */
  void release(int[] dead, boolean[] wanted) {
    for (int value : dead) {
      NDArray array = values[value];
      if (array != null && !wanted[value]) {
        array.close();
        values[value] = null;
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // closing the one would close the other
  private static boolean isSame(@Nullable NDArray one, NDArray other) {
    return one == other;
  }

  private UnsupportedModelException failed(Step step, RuntimeException cause) {
    StringBuilder shapes = new StringBuilder();
    for (int input : step.inputs()) {
      NDArray array = input == GraphPlan.NONE ? null : values[input];
      shapes.append(shapes.length() == 0 ? "" : ", ");
      shapes.append(array == null ? "-" : array.getShape() + " " + array.getDataType());
    }
    return new UnsupportedModelException(
        "Node "
            + step.node().label()
            + " ("
            + step.node().opType()
            + ") cannot be computed on inputs "
            + shapes
            + ": "
            + cause.getMessage()
            + ". Check the shapes of the data.",
        cause);
  }

  private final class StepArguments implements Arguments {
    private final int[] inputs;

    StepArguments(int[] inputs) {
      this.inputs = inputs;
    }

    @Override
    public int count() {
      return inputs.length;
    }

    @Override
    public boolean has(int index) {
      return index < inputs.length && inputs[index] != GraphPlan.NONE;
    }

    private int at(int index) {
      if (!has(index)) {
        throw new IllegalArgumentException("input " + index + " is missing");
      }
      return inputs[index];
    }

    @Override
    public NDArray get(int index) {
      return value(at(index));
    }

    @Override
    public boolean constant(int index) {
      return source.constant(at(index));
    }

    @Override
    public long[] longs(int index) {
      return constant(index) ? source.longs(at(index)) : Numbers.longs(get(index));
    }

    @Override
    public double[] doubles(int index) {
      return constant(index) ? source.doubles(at(index)) : Numbers.doubles(get(index));
    }

    @Override
    public NDManager scope() {
      return scope;
    }

    @Override
    public boolean training() {
      return training;
    }

    @Override
    public String toString() {
      return "inputs " + Arrays.toString(inputs);
    }
  }
}
