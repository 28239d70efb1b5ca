package dev.compress.pass;

import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import java.util.List;

/**
 * What a pass did.
 *
 * @param model the model afterwards
 * @param changes what was changed
 * @param skipped the eligible nodes that were left alone
 * @param warnings what the user should know
 */
public record PassResult(
    OnnxModel model, List<Change> changes, List<Skipped> skipped, List<String> warnings) {
  /**
   * One change.
   *
   * @param node the node's label
   * @param op its op type
   * @param what was done to it
   */
  public record Change(String node, String op, String what) {
    /** A change of a node. */
    public static Change of(Node node, String what) {
      return new Change(node.label(), node.opType(), what);
    }
  }

  /**
   * An eligible node that was left alone.
   *
   * @param node the node's label
   * @param op its op type
   * @param reason why
   */
  public record Skipped(String node, String op, String reason) {
    /** A node that was left alone. */
    public static Skipped of(Node node, String reason) {
      return new Skipped(node.label(), node.opType(), reason);
    }
  }

  public PassResult {
    changes = List.copyOf(changes);
    skipped = List.copyOf(skipped);
    warnings = List.copyOf(warnings);
  }

  /** Changes without warnings. */
  public static PassResult of(OnnxModel model, List<Change> changes, List<Skipped> skipped) {
    return new PassResult(model, changes, skipped, List.of());
  }

  /** Nothing was changed. */
  public static PassResult unchanged(OnnxModel model) {
    return new PassResult(model, List.of(), List.of(), List.of());
  }
}
