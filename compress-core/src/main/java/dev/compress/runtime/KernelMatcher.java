package dev.compress.runtime;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.ValueType;
import dev.compress.runtime.Kernel.Arithmetic;
import dev.compress.tensor.ElementType;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Finds the model's node of each executed kernel. In this order: by the number in its name; where
 * that is of a node fused into the multiplication (an activation, a quantization), the nearest
 * multiplication before it; where the runtime gave a new name, the first multiplication of the same
 * kind and output size that nothing else claims.
 */
final class KernelMatcher {
  private static final int FARTHEST_FUSED = 6;

  private final MarkedModel marked;
  private final Graph graph;
  private final GraphIndex index;
  private final Shapes shapes;
  private final Map<Profile.Event, Node> nodes = new HashMap<>();
  private final Set<Node> claimed = Collections.newSetFromMap(new IdentityHashMap<>());

  KernelMatcher(MarkedModel marked, Graph graph, Shapes shapes) {
    this.marked = marked;
    this.graph = graph;
    this.index = new GraphIndex(graph);
    this.shapes = shapes;
  }

  void match(List<Profile.Event> events) {
    for (Profile.Event event : events) { // exact ones first: they leave no doubt
      Optional<Node> named = byName(event).filter(n -> suits(event, n));
      if (named.isPresent() && claimed.add(named.get())) {
        nodes.put(event, named.get());
      }
    }
    for (Profile.Event event : events) {
      if (!nodes.containsKey(event) && !Kernels.family(event.op()).isEmpty()) {
        byName(event)
            .flatMap(last -> nearestBefore(last, event))
            .or(() -> firstUnclaimed(event))
            .filter(claimed::add)
            .ifPresent(node -> nodes.put(event, node));
      }
    }
  }

  /** The shapes, with those added that were seen in the run and not known before. */
  Shapes seen() {
    Map<String, ValueType.TensorType> types = new LinkedHashMap<>(shapes.types());
    nodes.forEach(
        (event, node) -> {
          boolean unknown = shapes.fixedShape(node.output(0)).isEmpty();
          boolean same = event.op().equals(node.opType()) || !Kernels.family(event.op()).isEmpty();
          if (unknown && same && !event.outputs().isEmpty()) {
            // Of the layout nothing is used but the number of elements.
            ElementType element = shapes.element(node.output(0)).orElse(ElementType.FLOAT);
            types.put(
                node.output(0),
                (ValueType.TensorType)
                    Skeleton.tensorType(element, event.outputs().get(0).shape()));
          }
        });
    return new Shapes(types, shapes.warnings());
  }

  List<Kernel> kernels(List<Profile.Event> events, MacCount macs) {
    return events.stream().map(e -> kernel(e, Optional.ofNullable(nodes.get(e)), macs)).toList();
  }

  private Optional<Node> byName(Profile.Event event) {
    OptionalInt number = marked.number(event.name());
    return number.isPresent()
        ? Optional.of(marked.originals().get(number.getAsInt()))
        : Optional.empty();
  }

  /** What multiplies comes from a node that multiplies likewise; the rest from any other. */
  private static boolean suits(Profile.Event event, Node node) {
    return Kernels.family(event.op()).equals(Kernels.family(node.opType()));
  }

  private Optional<Node> nearestBefore(Node last, Profile.Event event) {
    Deque<Node> open = new ArrayDeque<>();
    Deque<Integer> distances = new ArrayDeque<>();
    open.add(last);
    distances.add(0);
    while (!open.isEmpty()) {
      Node node = open.remove();
      int distance = distances.remove();
      if (suits(event, node) && !claimed.contains(node)) {
        return Optional.of(node);
      }
      if (distance < FARTHEST_FUSED && Kernels.family(node.opType()).isEmpty()) {
        for (String input : node.inputs()) {
          index
              .producer(input)
              .ifPresent(
                  producer -> {
                    open.add(producer);
                    distances.add(distance + 1);
                  });
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Node> firstUnclaimed(Profile.Event event) {
    return graph.nodes().stream()
        .filter(n -> !claimed.contains(n) && suits(event, n))
        .filter(n -> sameSize(event, n))
        .findFirst();
  }

  private boolean sameSize(Profile.Event event, Node node) {
    return event.outputs().isEmpty()
        || shapes
            .fixedShape(node.output(0))
            .map(s -> s.elementCount() == event.outputs().get(0).shape().elementCount())
            .orElse(true);
  }

  private static Kernel kernel(Profile.Event event, Optional<Node> node, MacCount macs) {
    Arithmetic arithmetic = Kernels.arithmetic(event.op(), event.outputs());
    if (node.isPresent() && computesInFloat(node.get(), event)) {
      arithmetic = Arithmetic.FLOAT;
    }
    return new Kernel(
        event.op(),
        node.map(Node::label).orElse(""),
        node.map(Node::opType).orElseGet(() -> Kernels.plainOp(event.op())),
        arithmetic,
        node.map(n -> macs.of(n).orElse(0)).orElse(0L),
        event.outputs().isEmpty() ? 0 : event.outputs().get(0).shape().elementCount(),
        event.nanos(),
        event.provider());
  }

  /** A MatMulNBits of the model itself says in what; below 4 that is floating point. */
  private static boolean computesInFloat(Node node, Profile.Event event) {
    return event.op().equals("MatMulNBits")
        && node.opType().equals("MatMulNBits")
        && node.intAttribute("accuracy_level", 0) < 4;
  }

  /** The multiplications for which no kernel was found. */
  List<String> unmatched() {
    return graph.nodes().stream()
        .filter(n -> !Kernels.family(n.opType()).isEmpty() && !claimed.contains(n))
        .map(Node::label)
        .toList();
  }
}
