package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.util.ArrayList;
import java.util.List;

/** Copies of all values that a training changes, kept to come back to them. */
final class TrainedValues implements AutoCloseable {
  private static final NDIndex EVERYTHING = new NDIndex("...");

  private final List<NDArray> live;
  private final NDManager manager;
  private final List<NDArray> copies = new ArrayList<>();

  /**
   * Copies.
   *
   * @param live the values
   * @param manager owns the copies
   */
  TrainedValues(List<NDArray> live, NDManager manager) {
    this.live = live;
    this.manager = manager;
    live.forEach(array -> copies.add(copy(array)));
  }

  private NDArray copy(NDArray array) {
    NDArray copy = array.duplicate(); // not copyTo, by which the engine prints a warning
    copy.attach(manager);
    return copy;
  }

  private static NDArray replaced(NDArray old, NDArray other) {
    old.close();
    return other;
  }

  /** Copies anew. */
  void keep() {
    for (int i = 0; i < live.size(); i++) {
      copies.set(i, replaced(copies.get(i), copy(live.get(i))));
    }
  }

  /** Gives an array the values of another; by other ways the engine prints a warning. */
  static void assign(NDArray to, NDArray from) {
    to.set(EVERYTHING, from);
  }

  /** Brings the copies back. */
  void restore() {
    for (int i = 0; i < live.size(); i++) {
      assign(live.get(i), copies.get(i));
    }
  }

  /** The copies. */
  List<NDArray> copies() {
    return copies;
  }

  @Override
  public void close() {
    copies.forEach(NDArray::close);
  }
}
