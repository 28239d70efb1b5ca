package dev.compress.quantize;

import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which nodes the user lets us change.
 *
 * @param excludeNodes nodes whose name matches this regular expression are left alone; "" for none
 * @param excludeOps nodes of these op types are left alone
 * @param onlyNodes if not "", only nodes whose name matches are changed
 */
public record NodeFilter(String excludeNodes, Set<String> excludeOps, String onlyNodes)
    implements Predicate<Node> {
  /** Lets all nodes through. */
  public static final NodeFilter ALL = new NodeFilter("", Set.of(), "");

  /**
   * Checks the expressions.
   *
   * @throws java.util.regex.PatternSyntaxException if one is malformed
   */
  public NodeFilter {
    excludeOps = Set.copyOf(excludeOps);
    Pattern.compile(excludeNodes);
    Pattern.compile(onlyNodes);
  }

  /** What the filter names that a graph does not have: most likely misspelt. */
  public List<String> unmatched(Graph graph) {
    List<String> unmatched = new ArrayList<>();
    Set<String> ops = graph.nodes().stream().map(Node::opType).collect(Collectors.toSet());
    excludeOps.stream()
        .filter(op -> !ops.contains(op))
        .sorted()
        .forEach(op -> unmatched.add("--exclude-ops " + op + ": the model has no such operator."));
    check("--exclude-nodes", excludeNodes, graph, unmatched);
    check("--only-nodes", onlyNodes, graph, unmatched);
    return unmatched;
  }

  private static void check(String flag, String regex, Graph graph, List<String> unmatched) {
    if (!regex.isEmpty()
        && graph.nodes().stream().noneMatch(n -> Pattern.matches(regex, n.label()))) {
      unmatched.add(flag + " " + regex + ": no node has a name that this matches as a whole.");
    }
  }

  @Override
  public boolean test(Node node) {
    return !excludeOps.contains(node.opType())
        && (excludeNodes.isEmpty() || !Pattern.matches(excludeNodes, node.label()))
        && (onlyNodes.isEmpty() || Pattern.matches(onlyNodes, node.label()));
  }
}
