package dev.compress.graph;

import dev.compress.error.InvalidModelException;
import java.util.List;
import java.util.Set;

/**
 * Checks the windows that convolutions and pools move over their input, and the groups of channels:
 * a window beyond all bounds overflows in the runtime's own shape inference, and no groups at all
 * are divided by there, which ends the process.
 */
final class WindowValidator {
  private static final Set<String> STEPS = Set.of("kernel_shape", "strides", "dilations");
  private static final Set<String> WIDTHS = Set.of("pads", "output_padding");

  private WindowValidator() {}

  static void check(OnnxModel model) {
    checkAll(model.graph().nodes());
    model.functions().forEach(f -> checkAll(f.nodes()));
  }

  private static void checkAll(List<Node> nodes) {
    for (Node node : nodes) {
      if (node.domain().isEmpty() && node.intAttribute("group", 1) < 1) {
        throw invalid(node, "group", node.intAttribute("group", 1)); // it is divided by
      }
      if (node.domain().isEmpty()
          && STEPS.stream().anyMatch(s -> node.intsAttribute(s).isPresent())) {
        check(node);
      }
      node.subgraphs().forEach(g -> checkAll(g.nodes()));
    }
  }

  private static void check(Node node) {
    for (String name : STEPS) {
      for (long value : node.intsAttribute(name).orElse(List.of())) {
        if (value < 1 || value > Integer.MAX_VALUE) {
          throw invalid(node, name, value);
        }
      }
    }
    for (String name : WIDTHS) {
      for (long value : node.intsAttribute(name).orElse(List.of())) {
        if (Math.abs((double) value) > Integer.MAX_VALUE) {
          throw invalid(node, name, value);
        }
      }
    }
    List<Long> kernel = node.intsAttribute("kernel_shape").orElse(List.of());
    List<Long> dilations = node.intsAttribute("dilations").orElse(List.of());
    for (int i = 0; i < dilations.size(); i++) {
      long taps = i < kernel.size() ? kernel.get(i) : 2;
      if ((taps - 1) * dilations.get(i) + 1 > Integer.MAX_VALUE) {
        throw invalid(node, "dilations", dilations.get(i));
      }
    }
  }

  private static InvalidModelException invalid(Node node, String attribute, long value) {
    return new InvalidModelException(
        "Node "
            + node.label()
            + " ("
            + node.opType()
            + ") has "
            + attribute
            + " of "
            + value
            + ", which is impossible. The file is damaged: export the model again.");
  }
}
