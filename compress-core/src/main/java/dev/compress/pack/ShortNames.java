package dev.compress.pack;

import dev.compress.graph.Names;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A model whose names are short where they are not those of its input: once weights take a bit
 * each, the names that quantization makes are an eighth of the file. Values get the shortest names
 * that are free, those mentioned most first; nodes get none.
 *
 * @param model as it is stored
 * @param before the names that values had, by those they have
 * @param labels of nodes (see {@link Node#label()}), by those they had
 */
public record ShortNames(OnnxModel model, Map<String, String> before, Map<String, String> labels) {
  private static final String FIRST = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  private static final String OTHER = FIRST + "0123456789";

  public ShortNames {
    before = Map.copyOf(before);
    labels = Map.copyOf(labels);
  }

  /** A model whose names stay. */
  public static ShortNames none(OnnxModel model) {
    return new ShortNames(model, Map.of(), Map.of());
  }

  /**
   * Shortens what is ours.
   *
   * @param model a valid model
   * @param input what it was made of, whose names stay
   */
  public static ShortNames of(OnnxModel model, OnnxModel input) {
    Set<String> values = new HashSet<>();
    Set<String> nodes = new HashSet<>();
    Consumer<Node> node = n -> nodes.add(n.name());
    Names.visit(input.graph(), values::add, node);
    input.functions().forEach(f -> Names.visit(f, values::add, node));
    model.graph().inputs().forEach(i -> values.add(i.name()));
    model.graph().outputs().forEach(o -> values.add(o.name()));
    Map<String, String> shorter = shorter(model, values, nodes);
    UnaryOperator<String> ofNode = name -> nodes.contains(name) ? name : "";
    Map<String, String> before = new HashMap<>();
    shorter.forEach((old, name) -> before.put(name, old));
    return new ShortNames(
        model.withGraph(Names.rename(model.graph(), shorter, ofNode)),
        before,
        labels(model, shorter, ofNode));
  }

  /** New names by old ones, none longer than it was: so no field of the file grows. */
  private static Map<String, String> shorter(
      OnnxModel model, Set<String> values, Set<String> nodes) {
    Map<String, Integer> mentions = new LinkedHashMap<>();
    Names.visit(model.graph(), v -> mentions.merge(v, 1, Integer::sum), n -> {});
    Set<String> taken = new HashSet<>(mentions.keySet());
    taken.addAll(values);
    taken.addAll(nodes);
    List<String> ours =
        mentions.keySet().stream()
            .filter(v -> !values.contains(v))
            .sorted(Comparator.comparing(v -> -mentions.getOrDefault(v, 0)))
            .toList();
    Map<String, String> shorter = new HashMap<>();
    int next = 0;
    for (String old : ours) {
      while (taken.contains(name(next))) {
        next++;
      }
      if (name(next).length() < old.length()) {
        shorter.put(old, name(next++));
      }
    }
    return shorter;
  }

  /** Names that every runtime takes, the shortest first. */
  private static String name(int number) {
    StringBuilder name = new StringBuilder();
    name.append(FIRST.charAt(number % FIRST.length()));
    for (int rest = number / FIRST.length(); rest > 0; rest = (rest - 1) / OTHER.length()) {
      name.append(OTHER.charAt((rest - 1) % OTHER.length()));
    }
    return name.toString();
  }

  private static Map<String, String> labels(
      OnnxModel model, Map<String, String> values, UnaryOperator<String> ofNode) {
    Map<String, String> labels = new HashMap<>();
    Consumer<Node> add =
        node -> {
          String first = values.getOrDefault(node.output(0), node.output(0));
          Node now = node.withName(ofNode.apply(node.name())).withOutputs(List.of(first));
          labels.putIfAbsent(node.label(), now.label());
        };
    Names.visit(model.graph(), v -> {}, add);
    return labels;
  }

  /** The name that a value of the file had. */
  public String before(String name) {
    return before.getOrDefault(name, name);
  }

  /** The label in the file of a node that had another. */
  public String label(String old) {
    return labels.getOrDefault(old, old);
  }
}
