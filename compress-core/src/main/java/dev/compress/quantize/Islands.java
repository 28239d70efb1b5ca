package dev.compress.quantize;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Node;
import dev.compress.runtime.Shapes;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Connected groups of integer nodes. Each value that enters or leaves one is converted and has its
 * layout changed, which only enough integer arithmetic in between pays for.
 *
 * <p>Measured on an AVX512-VNNI machine, one thread: integer convolution saves about 1.1 us per
 * 100,000 products, and a border costs about 3 us.
 */
final class Islands {
  /** Products that pay for one border of a feature map, whose layout changes too. */
  private static final long PRODUCTS_PER_MAP_BORDER = 250_000;

  /** The same for a map of a few pixels. */
  private static final long PRODUCTS_PER_SMALL_MAP_BORDER = 25_000;

  /** Products that pay for one border of a vector or matrix. */
  private static final long PRODUCTS_PER_BORDER = 50_000;

  /** Activations that the float convolution kernel applies for free and that a border tears off. */
  private static final Set<String> FUSED_IN_FLOAT =
      Set.of("HardSwish", "HardSigmoid", "Sigmoid", "Tanh", "LeakyRelu");

  private final GraphIndex index;
  private final Graph graph;
  private final StaticPlan plan;
  private final Shapes shapes;

  Islands(Graph graph, StaticPlan plan, Shapes shapes) {
    this.graph = graph;
    this.index = new GraphIndex(graph);
    this.plan = plan;
    this.shapes = shapes;
  }

  /** The convolutions of islands whose borders cost more than their arithmetic saves. */
  Set<Node> tooSmall() {
    Set<Node> small = Collections.newSetFromMap(new IdentityHashMap<>());
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node node : graph.nodes()) {
      NodePattern pattern = plan.weighted.get(node);
      if (pattern != null && node.is("Conv") && !seen.contains(node)) {
        Set<Node> island = island(node);
        seen.addAll(island);
        if (!pays(island)) {
          island.stream()
              .filter(n -> n.is("Conv") && plan.weighted.containsKey(n))
              .forEach(small::add);
        }
      }
    }
    return small;
  }

  private boolean isInside(Node node) {
    return plan.isMadeInInteger(node);
  }

  private Set<Node> island(Node from) {
    Set<Node> island = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Node> open = new ArrayDeque<>(List.of(from));
    island.add(from);
    while (!open.isEmpty()) {
      Node node = open.pop();
      for (String input : node.inputs()) {
        index.producer(input).filter(this::isInside).filter(island::add).ifPresent(open::push);
      }
      for (String output : node.outputs()) {
        for (Use use : index.uses(output)) {
          if (isInside(use.node()) && island.add(use.node())) {
            open.push(use.node());
          }
        }
      }
    }
    return island;
  }

  private boolean pays(Set<Node> island) {
    long products = 0;
    long needed = 0;
    for (Node node : island) {
      NodePattern pattern = plan.weighted.get(node);
      if (pattern != null) {
        long own = PatternCost.products(pattern, shapes);
        if (own < 0) {
          return true; // unknown shapes: measured after writing
        }
        products += own;
      }
      for (String input : node.inputs()) {
        if (plan.quantized.containsKey(input)
            && index.producer(input).filter(this::isInside).isEmpty()) {
          needed += cost(input, index.producer(input).map(this::isTornOff).orElse(0));
        }
      }
      for (String output : node.outputs()) {
        if (plan.quantized.containsKey(output)) {
          needed +=
              index.uses(output).stream()
                  .map(Use::node)
                  .filter(n -> !isInside(n))
                  .mapToLong(n -> cost(output, isTornOff(n)))
                  .max()
                  .orElse(index.isOutput(output) ? cost(output, 0) : 0);
        }
      }
    }
    return products >= needed;
  }

  private long cost(String value, int tornOff) {
    if (PatternCost.rank(value, shapes) <= 3) {
      return (1 + tornOff) * PRODUCTS_PER_BORDER;
    }
    long size = PatternCost.spatialSize(value, shapes);
    boolean small = size >= 0 && size <= PatternCost.SMALL_MAP;
    return (1 + tornOff) * (small ? PRODUCTS_PER_SMALL_MAP_BORDER : PRODUCTS_PER_MAP_BORDER);
  }

  private int isTornOff(Node node) {
    return FUSED_IN_FLOAT.contains(node.opType()) ? 1 : 0;
  }
}
