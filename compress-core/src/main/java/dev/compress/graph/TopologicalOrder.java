package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Orders nodes so that each comes after those whose outputs it or its subgraphs read. */
public final class TopologicalOrder {
  private TopologicalOrder() {}

  /**
   * Sorts nodes; nodes that are in order already stay so, and a node that comes too late is moved
   * up to just before its first reader.
   *
   * @param nodes in any order
   * @return sorted
   * @throws InvalidModelException naming a node on a cycle, if there is one
   */
  public static List<Node> sort(List<Node> nodes) {
    Map<String, Integer> producers = new HashMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      for (String output : nodes.get(i).outputs()) {
        if (!output.isEmpty()) {
          producers.put(output, i);
        }
      }
    }
    List<List<Integer>> needs = new ArrayList<>();
    for (Node node : nodes) {
      List<Integer> before = new ArrayList<>();
      for (String input : node.inputs()) {
        Integer producer = producers.get(input);
        if (producer != null) {
          before.add(producer);
        }
      }
      for (String captured : Captures.of(node)) {
        Integer producer = producers.get(captured);
        if (producer != null) {
          before.add(producer);
        }
      }
      needs.add(before);
    }
    List<Node> sorted = new ArrayList<>(nodes.size());
    byte[] state = new byte[nodes.size()]; // 0 new, 1 open, 2 done
    int[] next = new int[nodes.size()];
    Deque<Integer> stack = new ArrayDeque<>(); // no recursion: depth is the model's
    for (int root = 0; root < nodes.size(); root++) {
      if (state[root] != 0) {
        continue;
      }
      stack.push(root);
      state[root] = 1;
      while (!stack.isEmpty()) {
        int at = stack.element();
        if (next[at] < needs.get(at).size()) {
          int need = needs.get(at).get(next[at]++);
          if (state[need] == 1) {
            throw new InvalidModelException(
                "The graph has a cycle through node "
                    + nodes.get(need).label()
                    + "; ONNX graphs must be acyclic.");
          }
          if (state[need] == 0) {
            state[need] = 1;
            stack.push(need);
          }
        } else {
          stack.pop();
          state[at] = 2;
          sorted.add(nodes.get(at));
        }
      }
    }
    return sorted;
  }
}
