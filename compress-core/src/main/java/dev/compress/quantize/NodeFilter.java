package dev.compress.quantize;

import dev.compress.graph.Node;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

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

  @Override
  public boolean test(Node node) {
    return !excludeOps.contains(node.opType())
        && (excludeNodes.isEmpty() || !Pattern.matches(excludeNodes, node.label()))
        && (onlyNodes.isEmpty() || Pattern.matches(onlyNodes, node.label()));
  }
}
