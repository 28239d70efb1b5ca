package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks that a model's functions are distinct, end, and can be put in the place of calls. */
final class FunctionValidator {
  /** What a call names. */
  record Id(String domain, String name, String overload) {
    static Id of(Function function) {
      return new Id(function.domain(), function.name(), function.overload());
    }

    static Id calledBy(Node node) {
      return new Id(node.domain(), node.opType(), node.overload());
    }
  }

  private FunctionValidator() {}

  static void check(OnnxModel model) {
    if (model.functions().isEmpty()) {
      return;
    }
    Map<Id, Integer> calls = new HashMap<>(); // to functions that were not taken away yet
    Map<Id, List<Id>> callers = new HashMap<>();
    Map<Id, Function> functions = new HashMap<>();
    for (Function function : model.functions()) {
      Id id = Id.of(function);
      if (function.name().isEmpty()) {
        throw new InvalidModelException("A function has no name. Export the model again.");
      }
      if (calls.put(id, 0) != null) {
        throw new InvalidModelException(
            "The function " + function.name() + " is there twice. Export the model again.");
      }
      functions.put(id, function);
    }
    for (Function function : model.functions()) {
      Id caller = Id.of(function);
      Set<Id> called = new HashSet<>();
      collect(function.nodes(), called);
      called.retainAll(calls.keySet());
      for (Id callee : called) {
        calls.merge(caller, 1, Integer::sum);
        callers.computeIfAbsent(callee, c -> new ArrayList<>()).add(caller);
      }
    }
    Deque<Id> leaves = new ArrayDeque<>();
    calls.forEach(
        (id, count) -> {
          if (count == 0) {
            leaves.add(id);
          }
        });
    List<Function> sorted = new ArrayList<>();
    while (!leaves.isEmpty()) {
      Id leaf = leaves.remove();
      calls.remove(leaf);
      sorted.add(functions.get(leaf));
      for (Id caller : callers.getOrDefault(leaf, List.of())) {
        if (calls.merge(caller, -1, Integer::sum) == 0) {
          leaves.add(caller);
        }
      }
    }
    for (Function function : model.functions()) { // in the file's order, for a stable message
      if (calls.containsKey(Id.of(function))) {
        throw new InvalidModelException(
            "The function "
                + function.name()
                + " calls itself, directly or through others, which ONNX forbids. Export the model"
                + " again.");
      }
    }
    FunctionExpansion.check(model.graph(), sorted);
  }

  private static void collect(List<Node> nodes, Set<Id> called) {
    for (Node node : nodes) {
      called.add(Id.calledBy(node));
      for (Graph subgraph : node.subgraphs()) {
        collect(subgraph.nodes(), called);
      }
    }
  }
}
