package dev.compress.quantize;

import dev.compress.graph.Node;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which nodes of a graph compute in integers by calibrated ranges, and which values are quantized
 * for that. Mutable while {@link StaticPlanner} makes it.
 */
final class StaticPlan {
  /** Conv, MatMul and Gemm in integers, by node. */
  final Map<Node, NodePattern> weighted = new IdentityHashMap<>();

  /** Further nodes in integers: Add, Concat, pooling and the like. */
  final Set<Node> others = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Nodes that only move elements, done on quantized ones. */
  final Set<Node> movers = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Relu and Clip nodes that quantization itself performs. */
  final Set<Node> absorbed = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Each quantized value, with the value whose scale and zero point it shares (often itself). */
  final Map<String, String> quantized = new LinkedHashMap<>();

  /** Whether a node computes on integers. */
  boolean isInteger(Node node) {
    return weighted.containsKey(node) || others.contains(node) || movers.contains(node);
  }

  /** Whether a value is made by an integer node or by an activation that quantization performs. */
  boolean isMadeInInteger(Node producer) {
    return isInteger(producer) || absorbed.contains(producer);
  }

  /** Marks a value as quantized by a scale of its own. */
  void quantize(String value) {
    quantized.putIfAbsent(value, value);
  }

  /** Gives a value the scale of another one. */
  void share(String value, String with) {
    quantized.put(value, root(with));
  }

  /** The value that owns the scale. */
  String root(String value) {
    String at = value;
    while (true) {
      String next = quantized.getOrDefault(at, at);
      if (next.equals(at)) {
        return at;
      }
      at = next;
    }
  }

  /** The values whose ranges calibration must find. */
  Set<String> roots() {
    Set<String> roots = new LinkedHashSet<>();
    quantized.keySet().forEach(v -> roots.add(root(v)));
    return roots;
  }
}
