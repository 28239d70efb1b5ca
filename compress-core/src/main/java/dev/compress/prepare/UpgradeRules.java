package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Dim;
import dev.compress.graph.Node;
import dev.compress.prepare.UpgradeRule.Outcome;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The operators whose meaning or form changed between versions 7 and {@value
 * OperatorVersions#NEWEST} of the ONNX operator set. Those that only got more types, an attribute
 * whose default is the old meaning, or an optional input, need no rule.
 */
final class UpgradeRules {
  private final Map<String, Map<Long, UpgradeRule>> rules = new HashMap<>();
  private final LegacyRules legacy = new LegacyRules();

  UpgradeRules() {
    at(9, "BatchNormalization", UpgradeRules::spatial);
    at(9, "Scan", (node, scope) -> Outcome.refused("Scan lost its batch axis"));
    at(9, "Upsample", (node, scope) -> Outcome.of(scalesToInput(node, scope)));
    at(10, "Dropout", UpgradeRules::withoutMask);
    at(10, "Slice", UpgradeRules::slice);
    at(10, "TopK", UpgradeRules::topK);
    at(10, "Upsample", UpgradeRules::upsample);
    at(11, "Clip", UpgradeRules::clip);
    at(11, "Pad", UpgradeRules::pad);
    at(11, "Resize", UpgradeRules::resize);
    at(11, "Scatter", (node, scope) -> Outcome.of(renamed(node, "ScatterElements")));
    at(12, "Dropout", UpgradeRules::withoutMask);
    for (String op : List.of("Softmax", "LogSoftmax", "Hardmax")) {
      at(13, op, UpgradeRules::softmax);
    }
    for (String op : List.of("Squeeze", "Unsqueeze", "ReduceSum")) {
      at(13, op, (node, scope) -> Outcome.of(attributeToInput(node, "axes", 1, scope)));
    }
    at(13, "Split", (node, scope) -> Outcome.of(attributeToInput(node, "split", 1, scope)));
    at(13, "Resize", UpgradeRules::halfPixelForNearest);
    at(14, "BatchNormalization", UpgradeRules::trainingMode);
    at(16, "RoiAlign", UpgradeRules::roiAlign);
    for (String op :
        List.of("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")) {
      at(18, "Reduce" + op, (node, scope) -> Outcome.of(attributeToInput(node, "axes", 1, scope)));
    }
    at(18, "Split", UpgradeRules::splitCount);
    at(19, "AveragePool", UpgradeRules::ceilMode);
    at(20, "DFT", UpgradeRules::dft);
    at(20, "GridSample", UpgradeRules::gridSample);
    at(
        21,
        "GroupNormalization",
        (node, scope) -> Outcome.refused("scale and bias are a channel's now, not a group's"));
  }

  private void at(long version, String op, UpgradeRule rule) {
    rules.computeIfAbsent(op, o -> new TreeMap<>()).put(version, rule);
  }

  /** Whether an operator was experimental and is rewritten at once, in whatever version. */
  boolean isLegacy(String op) {
    return legacy.of(op).isPresent();
  }

  /** The rule for the step to a version, if the operator needs one. */
  Optional<UpgradeRule> at(String op, long version) {
    Optional<UpgradeRule> rule = legacy.of(op);
    return rule.isPresent()
        ? rule
        : Optional.ofNullable(rules.getOrDefault(op, Map.of()).get(version));
  }

  static Node renamed(Node node, String op) {
    return new Node(
        node.name(),
        op,
        node.domain(),
        node.overload(),
        node.inputs(),
        node.outputs(),
        node.attributes(),
        node.docString(),
        node.extras());
  }

  private static Node attributeToInput(Node node, String attribute, int input, UpgradeScope scope) {
    List<Long> values = node.intsAttribute(attribute).orElse(List.of());
    Node without = node.withoutAttribute(attribute);
    if (without.attributes().size() == node.attributes().size()) {
      return node;
    }
    return values.isEmpty() ? without : without.withInput(input, scope.vector(attribute, values));
  }

  private static Outcome spatial(Node node, UpgradeScope scope) {
    return node.intAttribute("spatial", 1) == 0
        ? Outcome.refused("spatial = 0 was removed")
        : Outcome.of(without(node, "spatial"));
  }

  private static Node without(Node node, String attribute) {
    return node.attribute(attribute).isPresent() ? node.withoutAttribute(attribute) : node;
  }

  private static Outcome trainingMode(Node node, UpgradeScope scope) {
    return UpgradeScope.hasSideOutputs(node)
        ? Outcome.refused("its side outputs, those of training, were changed")
        : Outcome.of(node);
  }

  private static Outcome withoutMask(Node node, UpgradeScope scope) {
    if (scope.isRead(node.output(1))) {
      return Outcome.refused("the mask of Dropout is read");
    }
    Node bare = without(node, "ratio");
    return Outcome.of(bare.outputs().size() > 1 ? bare.withOutputs(List.of(bare.output(0))) : bare);
  }

  private static Node scalesToInput(Node node, UpgradeScope scope) {
    List<Float> scales =
        node.attribute("scales")
            .map(Attribute::value)
            .filter(AttributeValue.FloatsValue.class::isInstance)
            .map(v -> ((AttributeValue.FloatsValue) v).values())
            .orElse(List.of());
    if (scales.isEmpty()) {
      return node;
    }
    float[] values = new float[scales.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = scales.get(i);
    }
    return node.withoutAttribute("scales")
        .withInput(1, scope.constant("scales", Tensor.ofFloats(Shape.of(values.length), values)));
  }

  static Outcome slice(Node node, UpgradeScope scope) {
    Node changed = attributeToInput(node, "starts", 1, scope);
    changed = attributeToInput(changed, "ends", 2, scope);
    changed = attributeToInput(changed, "axes", 3, scope);
    return Outcome.of(changed);
  }

  private static Outcome topK(Node node, UpgradeScope scope) {
    return Outcome.of(
        node.withoutAttribute("k").withInput(1, scope.vector("k", node.intAttribute("k", 1))));
  }

  /**
   * Upsample is Resize with scales of at least 1. The mark for the next step says so; version 10
   * itself does not know it.
   */
  private static Outcome upsample(Node node, UpgradeScope scope) {
    Node resize = renamed(node, "Resize");
    boolean nearest = node.stringAttribute("mode", "nearest").equals("nearest");
    return Outcome.of(
        nearest && scope.target() >= 11
            ? resize.withAttribute(Attribute.of("nearest_mode", "floor"))
            : resize);
  }

  /**
   * Version 10 computes {@code x_original = x_resized / scale}; nearest takes the floor where a dim
   * grows and the ceiling where it shrinks.
   */
  private static Outcome resize(Node node, UpgradeScope scope) {
    Node changed = node.withAttribute(Attribute.of("coordinate_transformation_mode", "asymmetric"));
    if (node.stringAttribute("mode", "nearest").equals("nearest")
        && node.attribute("nearest_mode").isEmpty()) {
      Optional<Tensor> scales = scope.constantValue(node.input(1));
      if (scales.filter(s -> s.type().equals(ElementType.FLOAT)).isEmpty()) {
        return Outcome.refused(
            "whether nearest rounds up or down depends on scales that are not" + " constant");
      }
      boolean grows = false;
      boolean shrinks = false;
      for (float scale : scales.get().toFloats()) {
        grows |= scale > 1;
        shrinks |= scale < 1;
      }
      if (grows && shrinks) {
        return Outcome.refused("nearest rounds up in one dim and down in another");
      }
      changed = changed.withAttribute(Attribute.of("nearest_mode", shrinks ? "ceil" : "floor"));
    }
    String roi = scope.constant("roi", Tensor.ofFloats(Shape.of(0)));
    return Outcome.of(changed.withInputs(List.of(node.input(0), roi, node.input(1))));
  }

  private static Outcome halfPixelForNearest(Node node, UpgradeScope scope) {
    return node.stringAttribute("coordinate_transformation_mode", "").equals("tf_half_pixel_for_nn")
        ? Outcome.refused("coordinate_transformation_mode tf_half_pixel_for_nn was removed")
        : Outcome.of(node);
  }

  private static Outcome clip(Node node, UpgradeScope scope) {
    boolean hasMin = node.attribute("min").isPresent();
    boolean hasMax = node.attribute("max").isPresent();
    if (!hasMin && !hasMax) {
      return Outcome.of(node);
    }
    Optional<ElementType> type = scope.floatType(node);
    if (type.isEmpty()) {
      return Outcome.refused("the type of its input is not known");
    }
    List<String> inputs = new ArrayList<>(List.of(node.input(0)));
    inputs.add(hasMin ? scope.scalar("min", type.get(), node.floatAttribute("min", 0)) : "");
    if (hasMax) {
      inputs.add(scope.scalar("max", type.get(), node.floatAttribute("max", 0)));
    }
    return Outcome.of(node.withoutAttribute("min").withoutAttribute("max").withInputs(inputs));
  }

  private static Outcome pad(Node node, UpgradeScope scope) {
    Node changed = without(attributeToInput(node, "pads", 1, scope), "value");
    float value = node.floatAttribute("value", 0);
    if (value == 0) {
      return Outcome.of(changed);
    }
    Optional<ElementType> type = scope.floatType(node);
    return type.isEmpty()
        ? Outcome.refused("the type of its input is not known")
        : Outcome.of(changed.withInput(2, scope.scalar("pad_value", type.get(), value)));
  }

  /**
   * Before version 13 the input is seen as a matrix {@code [d0 * ... * d(axis-1), d(axis) * ...]}
   * and each row is normalized; from 13 on one axis is.
   */
  private static Outcome softmax(Node node, UpgradeScope scope) {
    long axis = node.intAttribute("axis", 1);
    int rank = scope.types().rank(node.input(0));
    if (axis == -1 || (rank > 0 && axis == rank - 1)) {
      return Outcome.of(node.withAttribute(Attribute.of("axis", -1)));
    }
    if (rank > 0 && (axis < -rank || axis >= rank)) {
      return Outcome.refused("its axis " + axis + " is none of its " + rank + " axes");
    }
    if (rank > 0) {
      int first = (int) (axis < 0 ? axis + rank : axis);
      List<Dim> dims = scope.types().dims(node.input(0)).orElseThrow();
      List<Integer> wide = new ArrayList<>();
      for (int i = first; i < rank; i++) {
        if (dims.get(i).sizeOrUnknown() != 1) {
          wide.add(i);
        }
      }
      if (wide.size() <= 1) { // a row of the matrix lies along that axis
        long along = wide.isEmpty() ? first : wide.get(0);
        return Outcome.of(node.withAttribute(Attribute.of("axis", along)));
      }
    }
    String y = node.output(0);
    String shape = scope.fresh(y + "_shape");
    String rows = scope.fresh(y + "_rows");
    String normalized = scope.fresh(y + "_normalized");
    return Outcome.of(
        Node.of("Shape", name(node, "_shape", scope), List.of(node.input(0)), List.of(shape)),
        Node.of(
            "Flatten",
            name(node, "_flatten", scope),
            List.of(node.input(0)),
            List.of(rows),
            Attribute.of("axis", axis)),
        node.withInputs(List.of(rows))
            .withOutputs(List.of(normalized))
            .withAttribute(Attribute.of("axis", -1)),
        Node.of("Reshape", name(node, "_reshape", scope), List.of(normalized, shape), List.of(y)));
  }

  static String name(Node node, String suffix, UpgradeScope scope) {
    return node.name().isEmpty() ? "" : scope.fresh(node.name() + suffix);
  }

  private static Outcome roiAlign(Node node, UpgradeScope scope) {
    return Outcome.of(
        node.withAttribute(Attribute.of("coordinate_transformation_mode", "output_half_pixel")));
  }

  private static Outcome splitCount(Node node, UpgradeScope scope) {
    return Outcome.of(
        node.hasInput(1)
            ? node
            : node.withAttribute(Attribute.of("num_outputs", node.outputs().size())));
  }

  private static Outcome ceilMode(Node node, UpgradeScope scope) {
    return node.intAttribute("ceil_mode", 0) != 0
        ? Outcome.refused("the windows of ceil_mode were changed")
        : Outcome.of(node);
  }

  private static Outcome dft(Node node, UpgradeScope scope) {
    String axis =
        scope.constant("axis", Tensor.ofLongs(Shape.scalar(), node.intAttribute("axis", 1)));
    return Outcome.of(without(node, "axis").withInput(2, axis));
  }

  private static Outcome gridSample(Node node, UpgradeScope scope) {
    String mode = node.stringAttribute("mode", "bilinear");
    return Outcome.of(
        node.withAttribute(
            Attribute.of(
                "mode",
                mode.equals("bilinear") ? "linear" : mode.equals("bicubic") ? "cubic" : mode)));
  }
}
