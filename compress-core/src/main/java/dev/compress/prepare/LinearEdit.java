package dev.compress.prepare;

import dev.compress.graph.Attribute;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.pass.PassContext;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Gives linear nodes another weight and bias. Constants that nothing reads any more are removed;
 * one that others read too stays, and the node gets a constant of its own.
 */
final class LinearEdit {
  private final GraphIndex index;
  private final GraphEditor editor;
  private final PassContext context;
  private final Map<String, Integer> released = new HashMap<>();

  LinearEdit(GraphIndex index, GraphEditor editor, PassContext context) {
    this.index = index;
    this.editor = editor;
    this.context = context;
  }

  /**
   * The constant that a linear node adds to each output channel; zeros where there is none.
   *
   * @return empty if what it adds is not a constant a channel
   */
  Optional<double[]> bias(LinearNode linear) {
    Node node = linear.node();
    if (node.is("MatMul") || !node.hasInput(2)) {
      return Optional.of(new double[linear.channels()]);
    }
    double beta = node.is("Gemm") ? node.floatAttribute("beta", 1) : 1;
    ChannelAxis axis =
        node.is("Gemm")
            ? linear.channelAxis()
            : new ChannelAxis(linear.channels(), 0, 1); // a convolution's bias is a vector
    return index
        .constant(node.input(2))
        .flatMap(axis::perChannel)
        .map(
            c -> {
              for (int i = 0; i < c.length; i++) {
                c[i] *= beta;
              }
              return c;
            });
  }

  /** Whether each bias fits into the type. */
  static boolean fits(double[] bias, ElementType type) {
    double largest = FloatCodec.largest(type);
    for (double b : bias) {
      if (!(Math.abs(b) <= largest)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Replaces a linear node.
   *
   * @param linear the node
   * @param weight its new weight, or null to leave it
   * @param bias what each output channel gets added
   * @param output the name of its new output
   */
  void replace(LinearNode linear, @Nullable Tensor weight, double[] bias, String output) {
    Node node = linear.node();
    Node changed = node;
    if (weight != null) {
      changed = changed.withInput(1, put(linear.weightName(), weight, linear.weightName()));
    }
    boolean needsBias = hasNonZero(bias);
    String base = (node.name().isEmpty() ? linear.weightName() : node.name()) + "_bias";
    Tensor vector =
        context
            .scratch()
            .store(linear.type(), Shape.of(bias.length), FloatCodec.encode(linear.type(), bias));
    if (node.is("MatMul")) {
      replaceProduct(node, changed, needsBias ? vector : null, base, output);
      return;
    }
    if (needsBias || node.hasInput(2)) {
      String name =
          node.hasInput(2) ? put(node.input(2), vector, base) : editor.addInitializer(base, vector);
      changed = changed.withInput(2, name).withoutAttribute("beta");
    }
    editor.replace(node, changed.withOutputs(List.of(output)));
  }

  private void replaceProduct(
      Node node, Node changed, @Nullable Tensor bias, String base, String output) {
    if (bias == null) {
      editor.replace(node, changed.withOutputs(List.of(output)));
      return;
    }
    String product =
        node.output(0).equals(output) ? editor.freshName(output + "_product") : node.output(0);
    editor.replace(node, changed.withOutputs(List.of(product)));
    String name = editor.addInitializer(base, bias);
    String addName = node.name().isEmpty() ? "" : editor.freshName(node.name() + "_add");
    editor.add(Node.of("Add", addName, List.of(product, name), List.of(output), new Attribute[0]));
  }

  private static boolean hasNonZero(double[] values) {
    for (double v : values) {
      if (v != 0) {
        return true;
      }
    }
    return false;
  }

  /** A new value for a constant that one node reads: in place if it is the only reader. */
  private String put(String name, Tensor tensor, String base) {
    Optional<Initializer> initializer = index.initializer(name);
    if (initializer.isPresent() && index.uses(name).size() == 1 && !index.isOutput(name)) {
      editor.setInitializer(name, tensor);
      return name;
    }
    release(name);
    return editor.addInitializer(base, tensor);
  }

  /** Says that one reading of a constant is gone. */
  void release(String constant) {
    int readings = released.merge(constant, 1, Integer::sum);
    if (readings == index.uses(constant).size()
        && index.initializer(constant).isPresent()
        && !index.isOutput(constant)
        && !index.isInput(constant)) {
      editor.removeInitializer(constant);
    }
  }

  /** Removes a node and says that its readings of constants are gone. */
  void remove(Node node, List<String> constants) {
    editor.remove(node);
    new ArrayList<>(constants).forEach(this::release);
  }
}
