package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Node;
import dev.compress.prepare.UpgradeRule.Outcome;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Experimental operators of the first ONNX releases, which later versions no longer have, in terms
 * of those that stayed.
 */
final class LegacyRules {
  private final Map<String, UpgradeRule> rules =
      Map.of(
          "ImageScaler", LegacyRules::imageScaler,
          "Crop", LegacyRules::crop,
          "Affine", LegacyRules::affine,
          "ScaledTanh", (node, scope) -> scaled(node, "Tanh", scope),
          "ParametricSoftplus", (node, scope) -> scaled(node, "Softplus", scope));

  Optional<UpgradeRule> of(String op) {
    return Optional.ofNullable(rules.get(op));
  }

  /** {@code y[n, c, ...] = scale x[n, c, ...] + bias[c]}. */
  private static Outcome imageScaler(Node node, UpgradeScope scope) {
    List<Float> bias =
        node.attribute("bias")
            .map(Attribute::value)
            .filter(AttributeValue.FloatsValue.class::isInstance)
            .map(v -> ((AttributeValue.FloatsValue) v).values())
            .orElse(List.of());
    Optional<ElementType> type = scope.floatType(node);
    if (type.isPresent() && !type.get().equals(ElementType.FLOAT)) {
      return Outcome.refused("only float is known");
    }
    float[] values = new float[bias.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = bias.get(i);
    }
    String summand =
        scope.constant("image_bias", Tensor.ofFloats(Shape.of(values.length, 1, 1), values));
    return affine(node, node.floatAttribute("scale", 1), summand, scope);
  }

  /** {@code y = alpha x + beta}. */
  private static Outcome affine(Node node, UpgradeScope scope) {
    ElementType type = scope.floatType(node).orElse(ElementType.FLOAT);
    float beta = node.floatAttribute("beta", 0);
    return affine(
        node,
        node.floatAttribute("alpha", 1),
        beta == 0 ? "" : scope.scalar("beta", type, beta),
        scope);
  }

  /** Without what does nothing. */
  private static Outcome affine(Node node, float factor, String summand, UpgradeScope scope) {
    ElementType type = scope.floatType(node).orElse(ElementType.FLOAT);
    List<Node> nodes = new ArrayList<>();
    String scaled = node.input(0);
    if (factor != 1) {
      String product = summand.isEmpty() ? node.output(0) : scope.fresh(node.output(0) + "_scaled");
      nodes.add(
          Node.of(
              "Mul",
              summand.isEmpty() ? node.name() : UpgradeRules.name(node, "_mul", scope),
              List.of(scaled, scope.scalar("alpha", type, factor)),
              List.of(product)));
      scaled = product;
    }
    if (!summand.isEmpty()) {
      nodes.add(Node.of("Add", node.name(), List.of(scaled, summand), node.outputs()));
    }
    if (nodes.isEmpty()) {
      nodes.add(Node.of("Identity", node.name(), node.inputs(), node.outputs()));
    }
    return new Outcome(nodes, "");
  }

  /** {@code y = alpha f(beta x)}. */
  private static Outcome scaled(Node node, String function, UpgradeScope scope) {
    ElementType type = scope.floatType(node).orElse(ElementType.FLOAT);
    String inner = scope.fresh(node.output(0) + "_inner");
    String outer = scope.fresh(node.output(0) + "_outer");
    String alpha = scope.scalar("alpha", type, node.floatAttribute("alpha", 1));
    String beta = scope.scalar("beta", type, node.floatAttribute("beta", 1));
    return Outcome.of(
        Node.of(
            "Mul",
            UpgradeRules.name(node, "_beta", scope),
            List.of(node.input(0), beta),
            List.of(inner)),
        Node.of(function, node.name(), List.of(inner), List.of(outer)),
        Node.of(
            "Mul",
            UpgradeRules.name(node, "_alpha", scope),
            List.of(outer, alpha),
            node.outputs()));
  }

  /** {@code border} is left, top, right, bottom; {@code scale} height and width of what stays. */
  private static Outcome crop(Node node, UpgradeScope scope) {
    List<Long> border = node.intsAttribute("border").orElse(List.of());
    List<Long> size = node.intsAttribute("scale").orElse(List.of());
    if (border.size() != 4 || !(size.isEmpty() || size.size() == 2)) {
      return Outcome.refused("its border or scale has an unknown form");
    }
    if (scope.target() < 10) {
      return Outcome.refused("Slice takes its ends as inputs only from opset 10 on");
    }
    if (border.stream().anyMatch(LegacyRules::isUnlikely)
        || size.stream().anyMatch(LegacyRules::isUnlikely)) {
      return Outcome.refused("its border or scale is out of bounds");
    }
    long left = border.get(0);
    long top = border.get(1);
    long bottomEnd = size.isEmpty() ? end(border.get(3)) : top + size.get(0);
    long rightEnd = size.isEmpty() ? end(border.get(2)) : left + size.get(1);
    return Outcome.of(
        Node.of(
            "Slice",
            node.name(),
            List.of(
                node.input(0),
                scope.vector("starts", top, left),
                scope.vector("ends", bottomEnd, rightEnd),
                scope.vector("axes", 2, 3)),
            node.outputs()));
  }

  private static boolean isUnlikely(long pixels) {
    return pixels < 0 || pixels > Integer.MAX_VALUE;
  }

  private static long end(long border) {
    return border == 0 ? Long.MAX_VALUE : -border;
  }
}
