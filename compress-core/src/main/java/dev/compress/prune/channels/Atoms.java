package dev.compress.prune.channels;

import dev.compress.graph.Node;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Positions of tensors' axes, united into units that can only be removed together. A disjoint-set
 * forest; units that must stay are pinned, with the first reason that was given. Not thread-safe.
 */
final class Atoms {
  /** Why a unit stays. */
  record Pin(String node, String op, String reason) {
    static Pin of(Node node, String reason) {
      return new Pin(node.label(), node.opType(), reason);
    }
  }

  private int[] parent = new int[1024];
  private int size;
  private final Map<Integer, Pin> pins = new HashMap<>();

  /** New positions, each a unit of its own. */
  int[] fresh(int count) {
    int first = size;
    size = Math.addExact(size, count);
    if (size > parent.length) {
      parent = Arrays.copyOf(parent, Math.max(size, 2 * parent.length));
    }
    int[] atoms = new int[count];
    for (int i = 0; i < count; i++) {
      atoms[i] = first + i;
      parent[first + i] = first + i;
    }
    return atoms;
  }

  /** The unit of a position: the same number for all that go together, until more are united. */
  int unit(int atom) {
    int at = atom;
    while (parent[at] != at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  }

  /** Makes two positions one unit. */
  void unite(int one, int other) {
    int a = unit(one);
    int b = unit(other);
    if (a == b) {
      return;
    }
    int root = Math.min(a, b);
    int child = Math.max(a, b);
    parent[child] = root;
    Pin pin = pins.remove(child);
    if (pin != null) {
      pins.putIfAbsent(root, pin);
    }
  }

  /** Makes the positions of two axes of equal length units, pair by pair. */
  void unite(int[] one, int[] other) {
    for (int i = 0; i < one.length; i++) {
      unite(one[i], other[i]);
    }
  }

  /** Lets positions stay. */
  void pin(int[] atoms, Pin pin) {
    for (int atom : atoms) {
      pins.putIfAbsent(unit(atom), pin);
    }
  }

  /** Why a unit must stay; empty if it need not. */
  Optional<Pin> pinned(int atom) {
    return Optional.ofNullable(pins.get(unit(atom)));
  }

  /** The distinct units of positions, in order, with how many of the positions each has. */
  Map<Integer, Integer> units(int[] atoms) {
    Map<Integer, Integer> counts = new LinkedHashMap<>();
    for (int atom : atoms) {
      counts.merge(unit(atom), 1, Integer::sum);
    }
    return counts;
  }
}
