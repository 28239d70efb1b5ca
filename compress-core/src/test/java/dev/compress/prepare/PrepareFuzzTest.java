package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.CompressionException;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.pass.CompressionPass;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Real models with random changes to nodes, attributes and constants: a pass ends in a model or in
 * a message, and where the runtime still runs the changed model, the prepared one computes the
 * same.
 */
class PrepareFuzzTest {
  private static final List<String> MODELS =
      List.of(
          "resnet8-cifar10-nhwc",
          "kws-dscnn",
          "mnist-cntk-opset8",
          "cifar10-wide-marabou",
          "fashion-resnet-opset9",
          "mnist-self-attention",
          "tinybert-structure",
          "dtln-lstm",
          "gesture-keypoint-mlp",
          "ultraface-rfb-320",
          "silero-vad-half",
          "toy-loop",
          "byte-bilstm-tract",
          "squeezenet-fp16");

  private static final List<String> OPERATORS =
      List.of(
          "Add",
          "Mul",
          "Sub",
          "Div",
          "Relu",
          "Identity",
          "Transpose",
          "Reshape",
          "Squeeze",
          "Unsqueeze",
          "Flatten",
          "Softmax",
          "Concat",
          "Conv",
          "ConvTranspose",
          "MatMul",
          "Gemm",
          "BatchNormalization",
          "Dropout",
          "Cast",
          "Pad",
          "Slice",
          "Clip",
          "Shape",
          "Split",
          "TopK",
          "Upsample",
          "Resize",
          "Tile",
          "Sum",
          "ReduceMean",
          "ReduceSum",
          "Affine",
          "Crop",
          "ImageScaler",
          "ConstantOfShape",
          "Gather",
          "Expand");

  private static final long[] ODD = {
    0, 1, -1, 2, -2, 3, 4, 7, 100, -100, Integer.MAX_VALUE, Long.MAX_VALUE, Long.MIN_VALUE
  };

  @Test
  void changedModelsEndInAModelOrAMessage() throws IOException {
    fuzz(250, 1);
  }

  @Test
  @Tag("benchmark")
  void muchMoreOfIt() throws IOException {
    fuzz(Integer.getInteger("compress.fuzz", 10_000), 1_000_000);
  }

  private static void fuzz(int cases, long firstSeed) throws IOException {
    List<OnnxModel> models = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (String name : MODELS) {
      Path file = SharedData.model(name + "/model.onnx").orElse(null);
      if (file != null) {
        models.add(OnnxReader.read(file).model());
        names.add(name);
      }
    }
    assumeTrue(!models.isEmpty(), SharedData.WHY_ABSENT);
    int compared = 0;
    for (int i = 0; i < cases; i++) {
      Random random = new Random(firstSeed + i);
      int which = random.nextInt(models.size());
      try {
        compared += survives(mutate(models.get(which), random), i % 3 == 0 ? 21 : 13) ? 1 : 0;
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + (firstSeed + i) + " on " + names.get(which), e);
      }
    }
    assertThat(compared).as("cases that still ran").isGreaterThan(cases / 10);
  }

  /** Whether the outputs could be compared. */
  private static boolean survives(OnnxModel mutant, long opset) {
    OnnxModel model;
    OnnxModel prepared;
    try {
      model = GraphValidator.check(mutant).model();
      prepared = model;
      for (CompressionPass pass : PreparePasses.all(opset, List.of(new WidenFloat16(true)))) {
        prepared = pass.apply(prepared, Check.context()).model();
      }
    } catch (CompressionException e) {
      assertThat(e.getMessage()).isNotBlank();
      return false;
    }
    Map<String, TensorBuffer> inputs =
        Check.randomInputs(model, Map.of(), Map.of("batch", 2L, "sequence", 64L));
    try {
      // Where the runtime reads beyond a constant that is too short, no two runs are the same.
      Check.sameOutputs(model, OptimizationLevel.NONE, model, OptimizationLevel.NONE, inputs, 1e-6);
    } catch (CompressionException | AssertionError e) {
      return false; // the mutant itself does not run
    }
    boolean rounds = HalfValues.isInside(model.graph()); // to 11 bits, or to infinity
    try {
      if (rounds) {
        model = prepared;
      }
      Check.sameOutputs(
          model, OptimizationLevel.NONE, prepared, OptimizationLevel.NONE, inputs, 2e-3);
    } catch (InvalidModelException e) {
      // Old operator sets are not checked for how many inputs a node has; newer ones are.
      assertThat(e.getMessage()).contains("not in range");
      return false;
    }
    return true;
  }

  private static OnnxModel mutate(OnnxModel model, Random random) {
    Graph graph = model.graph();
    List<Node> nodes = new ArrayList<>(graph.nodes());
    List<Initializer> initializers = new ArrayList<>(graph.initializers());
    List<ValueInfo> outputs = new ArrayList<>(graph.outputs());
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(nodes.size());
      if (random.nextInt(5) == 0 && !initializers.isEmpty()) {
        int which = random.nextInt(initializers.size());
        initializers.set(which, mutate(initializers.get(which), random));
      } else if (random.nextInt(6) == 0) {
        String extra = nodes.get(at).output(0);
        if (!extra.isEmpty() && outputs.stream().noneMatch(o -> o.name().equals(extra))) {
          outputs.add(ValueInfo.of(extra, new ValueType.Undeclared()));
        }
      } else {
        nodes.set(at, mutate(nodes.get(at), graph, random));
      }
    }
    return model.withGraph(
        graph
            .withNodes(nodes)
            .withInitializers(initializers)
            .withOutputs(outputs)
            .withValueInfos(List.of()));
  }

  private static Initializer mutate(Initializer initializer, Random random) {
    Tensor tensor = initializer.tensor();
    long n = tensor.elementCount();
    Shape shape =
        switch (random.nextInt(4)) {
          case 0 -> Shape.of(n);
          case 1 -> Shape.of(1, n);
          case 2 -> Shape.of(n, 1, 1);
          default -> n == 1 ? Shape.scalar() : Shape.of(1, 1, n);
        };
    return Initializer.of(initializer.name(), tensor.reshaped(shape));
  }

  private static Node mutate(Node node, Graph graph, Random random) {
    switch (random.nextInt(6)) {
      case 0 -> {
        return UpgradeRules.renamed(node, OPERATORS.get(random.nextInt(OPERATORS.size())));
      }
      case 1 -> {
        return node.inputs().isEmpty()
            ? node
            : node.withInput(random.nextInt(node.inputs().size()), anyValue(graph, random));
      }
      case 2 -> {
        return node.withInput(node.inputs().size(), anyValue(graph, random));
      }
      case 3 -> {
        return node.inputs().size() < 2
            ? node
            : node.withInputs(node.inputs().subList(0, node.inputs().size() - 1));
      }
      default -> {
        return mutateAttribute(node, random);
      }
    }
  }

  private static String anyValue(Graph graph, Random random) {
    int at = random.nextInt(graph.nodes().size() + graph.initializers().size());
    return at < graph.nodes().size()
        ? graph.nodes().get(at).output(0)
        : graph.initializers().get(at - graph.nodes().size()).name();
  }

  private static Node mutateAttribute(Node node, Random random) {
    long odd = ODD[random.nextInt(ODD.length)];
    if (node.attributes().isEmpty() || random.nextInt(4) == 0) {
      String name =
          List.of("axis", "axes", "perm", "group", "transB", "to", "pads", "min")
              .get(random.nextInt(8));
      return node.withAttribute(
          random.nextBoolean()
              ? Attribute.of(name, odd)
              : Attribute.of(name, new long[] {odd, random.nextInt(4)}));
    }
    Attribute attribute = node.attributes().get(random.nextInt(node.attributes().size()));
    if (attribute.value() instanceof AttributeValue.IntValue) {
      return node.withAttribute(Attribute.of(attribute.name(), odd));
    }
    if (attribute.value() instanceof AttributeValue.FloatValue) {
      float[] odds = {0, -1, 1, Float.NaN, Float.POSITIVE_INFINITY, 1e30f, 0.5f};
      return node.withAttribute(Attribute.of(attribute.name(), odds[random.nextInt(odds.length)]));
    }
    if (attribute.value() instanceof AttributeValue.IntsValue ints && !ints.values().isEmpty()) {
      long[] values = ints.values().stream().mapToLong(Long::longValue).toArray();
      values[random.nextInt(values.length)] = odd;
      return node.withAttribute(Attribute.of(attribute.name(), values));
    }
    return node.withoutAttribute(attribute.name());
  }
}
