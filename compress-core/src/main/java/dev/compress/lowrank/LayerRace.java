package dev.compress.lowrank;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.quantize.NodePattern;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.runtime.ShapeInference;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.timing.SessionTiming;
import dev.compress.timing.TimingResult;
import dev.compress.timing.TimingSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Times one layer against the two that would take its place, on inputs of the size it has. */
final class LayerRace {
  /** The most of a layer's time that two may take. */
  static final double WORTH_IT = 0.95;

  private static final double SECONDS = 0.25;
  private static final long[] FREE_DIMS = {64, 32, 128, 16, 256, 8};

  private final OnnxModel model;
  private final PassContext context;
  private final Shapes shapes;

  LayerRace(OnnxModel model, PassContext context) {
    this.model = model;
    this.context = context;
    this.shapes = shapes(model, context);
  }

  /** With the first size of free dims that goes with the constants, such as those of positions. */
  private static Shapes shapes(OnnxModel model, PassContext context) {
    for (long size : FREE_DIMS) {
      try {
        return ShapeInference.infer(model, 1, size);
      } catch (InvalidModelException e) {
        context.progress().check();
      }
    }
    return context.shapes(model);
  }

  /** The time of two over the time of the one; NaN where the layer cannot be run alone. */
  double ratio(NodePattern layer, FactorPair pair) {
    List<Dim> dims = shapes.dims(layer.node().input(0)).orElse(List.of());
    if (dims.isEmpty() || dims.stream().anyMatch(d -> d.sizeOrUnknown() <= 0)) {
      return Double.NaN;
    }
    OnnxModel one = alone(layer.node(), dims);
    GraphEditor editor = new GraphEditor(one.graph());
    pair.putInto(editor, context.scratch());
    OnnxModel two = one.withGraph(editor.build());
    long[] sizes = dims.stream().mapToLong(Dim::sizeOrUnknown).toArray();
    Random random = new Random(context.seed());
    float[] values = new float[Math.toIntExact(Shape.of(sizes).elementCount())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    Map<String, TensorBuffer> inputs =
        Map.of(layer.node().input(0), TensorBuffer.of(Shape.of(sizes), values));
    SessionOptions options = SessionOptions.of(1);
    try (InferenceSession before = InferenceSession.open(one, options);
        InferenceSession after = InferenceSession.open(two, options)) {
      TimingResult times =
          SessionTiming.compare(
              before,
              after,
              inputs,
              TimingSettings.ofSeconds(SECONDS, context.seed()),
              context.progress());
      return times.toFirst().get(0).ratio();
    }
  }

  private OnnxModel alone(Node node, List<Dim> dims) {
    GraphIndex index = new GraphIndex(model.graph());
    List<Initializer> constants = new ArrayList<>();
    for (String input : node.inputs()) {
      index.constant(input).ifPresent(t -> constants.add(Initializer.of(input, t)));
    }
    Graph graph =
        Graph.of(
            "layer",
            List.of(node),
            constants,
            List.of(ValueInfo.of(node.input(0), ValueType.tensor(ElementType.FLOAT, dims))),
            List.of(ValueInfo.of(node.output(0), ValueType.tensor(ElementType.FLOAT))));
    return OnnxModel.of(model.irVersion(), model.opset(), graph);
  }
}
