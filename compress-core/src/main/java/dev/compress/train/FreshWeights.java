package dev.compress.train;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * A model with new weights: of layers drawn from a normal distribution of variance 2 / fan-in (He
 * et al., arXiv 1502.01852), biases 0, normalizations as before any training. By seed and place.
 */
final class FreshWeights {
  private static final Set<String> LAYERS =
      Set.of("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN");
  private static final Set<String> NORMALIZATIONS =
      Set.of("BatchNormalization", "LayerNormalization", "InstanceNormalization");
  private static final int BATCH_NORM_VARIANCE = 4;
  private static final double EMBEDDING_DEVIATION = 0.02;

  private FreshWeights() {}

  static OnnxModel of(OnnxModel model, long seed) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    List<Initializer> all = new ArrayList<>();
    for (int i = 0; i < graph.initializers().size(); i++) {
      Initializer old = graph.initializers().get(i);
      List<GraphIndex.Use> uses = index.uses(old.name());
      if (!old.tensor().type().equals(ElementType.FLOAT) || uses.isEmpty()) {
        all.add(old);
        continue;
      }
      Tensor fresh = fresh(old.tensor(), uses.get(0), new Random(seed * 1_000_003 + i));
      all.add(new Initializer(old.name(), fresh, old.docString(), old.extras()));
    }
    return model.withGraph(graph.withInitializers(all));
  }

  private static Tensor fresh(Tensor old, GraphIndex.Use use, Random random) {
    Node node = use.node();
    Shape shape = old.shape();
    if (NORMALIZATIONS.contains(node.opType())) {
      boolean one = use.inputIndex() == 1 || use.inputIndex() == BATCH_NORM_VARIANCE;
      return constant(shape, one ? 1 : 0);
    }
    boolean weight = use.inputIndex() == 1 || use.inputIndex() == 2;
    if (LAYERS.contains(node.opType()) && shape.rank() >= 2 && weight) {
      return normal(shape, Math.sqrt(2.0 / fanIn(node, shape)), random);
    }
    if (LAYERS.contains(node.opType()) && (use.inputIndex() == 2 || node.is("LSTM"))) {
      return constant(shape, 0);
    }
    if (node.is("Gather") && use.inputIndex() == 0 && shape.rank() == 2) {
      return normal(shape, EMBEDDING_DEVIATION, random);
    }
    return node.is("Add") && shape.rank() == 1 ? constant(shape, 0) : old;
  }

  private static long fanIn(Node node, Shape shape) {
    if (node.is("Gemm")) {
      return shape.dim(node.intAttribute("transB", 0) == 1 ? 1 : 0);
    }
    if (node.is("MatMul")) {
      return shape.dim(shape.rank() - 2);
    }
    if (node.is("ConvTranspose")) {
      return Math.max(1, shape.elementCount() / shape.dim(1));
    }
    return Math.max(1, shape.elementCount() / Math.max(1, shape.dim(0)));
  }

  private static Tensor constant(Shape shape, float value) {
    float[] values = new float[Math.toIntExact(shape.elementCount())];
    Arrays.fill(values, value);
    return Tensor.ofFloats(shape, values);
  }

  private static Tensor normal(Shape shape, double deviation, Random random) {
    float[] values = new float[Math.toIntExact(shape.elementCount())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }
}
