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
 * @param traces values to compare the model before and after by
 * @param notes what the pass found out, for the report
 * @param claims what the output file will hold
 */
public record PassResult(
    OnnxModel model,
    List<Change> changes,
    List<Skipped> skipped,
    List<String> warnings,
    List<Trace> traces,
    List<String> notes,
    List<WeightClaim> claims) {
  /** A result that claims nothing. */
  public PassResult(
      OnnxModel model,
      List<Change> changes,
      List<Skipped> skipped,
      List<String> warnings,
      List<Trace> traces,
      List<String> notes) {
    this(model, changes, skipped, warnings, traces, notes, List.of());
  }

  /** A result without notes. */
  public PassResult(
      OnnxModel model,
      List<Change> changes,
      List<Skipped> skipped,
      List<String> warnings,
      List<Trace> traces) {
    this(model, changes, skipped, warnings, traces, List.of());
  }

  /** A result without traces. */
  public PassResult(
      OnnxModel model, List<Change> changes, List<Skipped> skipped, List<String> warnings) {
    this(model, changes, skipped, warnings, List.of());
  }

  /**
   * What a pass says of a weight. It is compared with the file that was written: later passes have
   * to keep it.
   *
   * @param weight the name of the weight
   * @param zeros how many of its elements are zero at least
   * @param distinct how many different values it has at most, 0 where that is not limited
   * @param groups in how many runs of output channels each, 1 for all of it
   */
  public record WeightClaim(String weight, long zeros, int distinct, int groups) {
    /** A claim of zeros. */
    public static WeightClaim ofZeros(String weight, long zeros) {
      return new WeightClaim(weight, zeros, 0, 1);
    }

    /** A claim of distinct values. */
    public static WeightClaim ofDistinct(String weight, int distinct) {
      return ofDistinct(weight, distinct, 1);
    }

    /** A claim of distinct values in each of some runs of channels. */
    public static WeightClaim ofDistinct(String weight, int distinct, int groups) {
      return new WeightClaim(weight, 0, distinct, groups);
    }
  }

  /**
   * A layer's output before and after.
   *
   * @param node the node's label
   * @param op its op type
   * @param output the node's first output, which tells it from others
   * @param scheme how it computes now, such as "static"
   * @param before its output's name in the model before
   * @param after the name of the same value in the model after
   */
  public record Trace(
      String node, String op, String output, String scheme, String before, String after) {}

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
   * @param reason why, in words that fit every node that was left for it
   * @param detail what is to be known of this node; mostly empty
   */
  public record Skipped(String node, String op, String reason, String detail) {
    /** Without details. */
    public Skipped(String node, String op, String reason) {
      this(node, op, reason, "");
    }

    /** A node that was left alone. */
    public static Skipped of(Node node, String reason) {
      return of(node, reason, "");
    }

    /** A node that was left alone, with more about it. */
    public static Skipped of(Node node, String reason, String detail) {
      return new Skipped(node.label(), node.opType(), reason, detail);
    }

    /** A weight that was left alone. */
    public static Skipped ofWeight(Node reader, String weight, String reason) {
      return of(reader, reason, "weight " + weight);
    }

    /** The reason with its detail. */
    public String explained() {
      return detail.isEmpty() ? reason : reason + " (" + detail + ")";
    }
  }

  public PassResult {
    changes = List.copyOf(changes);
    skipped = List.copyOf(skipped);
    warnings = List.copyOf(warnings);
    traces = List.copyOf(traces);
    notes = List.copyOf(notes);
    claims = List.copyOf(claims);
  }

  /** The same with claims. */
  public PassResult claiming(List<WeightClaim> of) {
    return new PassResult(model, changes, skipped, warnings, traces, notes, of);
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
