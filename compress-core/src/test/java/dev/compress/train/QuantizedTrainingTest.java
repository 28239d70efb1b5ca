package dev.compress.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.Samples;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.progress.Progress;
import dev.compress.quantize.NodeFilter;
import dev.compress.quantize.QuantizationMode;
import dev.compress.quantize.QuantizeInt8;
import dev.compress.quantize.Rounding;
import dev.compress.quantize.Target;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.FakeQuantization.QuantizedWeight;
import dev.compress.train.FakeQuantization.Scale;
import dev.compress.train.TrainingSummary.Speed;
import dev.compress.train.TrainingSummary.Stop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What quantization wrote, made ready to train and written back. */
class QuantizedTrainingTest {
  private static final int CHANNELS = 32;
  private static final int SIDE = 14;
  private static final int CLASSES = 40;

  private final OnnxModel floats = model();
  private Scratch scratch = Scratch.inTemporaryFolder();

  @BeforeEach
  void freshScratch() {
    scratch.close();
    scratch = Scratch.inTemporaryFolder();
  }

  @AfterEach
  void close() {
    scratch.close();
  }

  /** A convolution in integers, with a Clip, and a matrix that is stored in 8 bits only. */
  private static OnnxModel model() {
    Random random = new Random(4);
    List<Node> nodes =
        List.of(
            Node.of(
                "Conv",
                "conv",
                List.of("x", "w", "b"),
                List.of("c"),
                Attribute.of("pads", new long[] {1, 1, 1, 1})),
            Node.of("Clip", "clip", List.of("c", "low", "high"), List.of("a")),
            Node.of("GlobalAveragePool", "pool", List.of("a"), List.of("p")),
            Node.of("Flatten", "flat", List.of("p"), List.of("f")),
            Node.of("Gemm", "head", List.of("f", "v", "d"), List.of("y")));
    List<Initializer> weights =
        List.of(
            Initializer.of("w", normal(random, CHANNELS, CHANNELS, 3, 3)),
            Initializer.of("b", normal(random, CHANNELS)),
            Initializer.of("low", Tensor.ofFloats(Shape.scalar(), 0)),
            Initializer.of("high", Tensor.ofFloats(Shape.scalar(), 6)),
            Initializer.of("v", normal(random, CHANNELS, CLASSES)),
            Initializer.of("d", normal(random, CLASSES)));
    Graph graph =
        Graph.of(
            "net",
            nodes,
            weights,
            List.of(value("x", CHANNELS, SIDE, SIDE)),
            List.of(value("y", CLASSES)));
    return OnnxModel.of(8, 17, graph);
  }

  private static ValueInfo value(String name, long... dims) {
    List<Dim> all = new ArrayList<>(List.of(Dim.of(1)));
    for (long dim : dims) {
      all.add(Dim.of(dim));
    }
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, all));
  }

  private static Tensor normal(Random random, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.3 * random.nextGaussian());
    }
    return Tensor.ofFloats(shape, values);
  }

  private OnnxModel quantized() {
    Random random = new Random(9);
    float[] x = new float[8 * CHANNELS * SIDE * SIDE];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    Dataset data =
        Dataset.of(
            "noise",
            Map.of("x", TensorBuffer.of(Shape.of(8, CHANNELS, SIDE, SIDE), x)),
            new long[0],
            DataDescriptor.NONE);
    Samples samples = DatasetSamples.of(data, floats, 8, 1);
    QuantizeInt8 pass =
        new QuantizeInt8(
            QuantizationMode.STATIC,
            Target.CPU_VNNI,
            new NodeFilter("", Set.of(), ""),
            Optional.empty(),
            Set.of(),
            Rounding.NEAREST,
            false);
    PassContext context = new PassContext(scratch, Progress.NONE, 1, 0, Optional.of(samples));
    return pass.apply(floats, context).model();
  }

  private static TrainingResult untrained(OnnxModel model) {
    return new TrainingResult(
        model,
        new TrainingSummary(
            "top1", List.of(), 0, null, null, new Speed(0, null, 0), Stop.FINISHED, List.of()),
        Map.of());
  }

  @Test
  void itBeginsAsTheQuantizedModel() {
    OnnxModel quantized = quantized();
    QuantizedTraining ready = QuantizedTraining.of(quantized, floats, 127, 0);
    assertThat(ready.model().graph().nodes())
        .extracting(Node::opType)
        .contains("Conv", "Clip", "Gemm")
        .doesNotContain("QuantizeLinear", "DequantizeLinear", "Cast", "Mul");
    FakeQuantization through = ready.structure().quantization();
    assertThat(through.values()).hasSizeGreaterThan(1);
    assertThat(through.weights()).hasSize(2); // one is stored, and computed with in float
    GraphIndex index = new GraphIndex(ready.model().graph());
    Map<String, Scale> scales = new HashMap<>();
    through.scales().forEach(s -> scales.put(s.name(), s));
    for (QuantizedWeight weight : through.weights()) {
      Tensor start = index.constant(weight.parameter()).orElseThrow();
      assertThat(start.type()).isEqualTo(ElementType.FLOAT);
      int[] before = moved(start, floats, requireNonNull(scales.get(weight.scale())));
      assertThat(before[1]).as("weights that rounding moved").isGreaterThan(before[0] / 2);
    }
    OnnxModel back = ready.write(untrained(ready.model()));
    assertThat(back.graph().nodes()).isEqualTo(quantized.graph().nodes());
    GraphIndex after = new GraphIndex(back.graph());
    for (Initializer one : quantized.graph().initializers()) {
      Tensor now = after.constant(one.name()).orElseThrow();
      if (one.tensor().type().equals(ElementType.INT32)) {
        assertClose(now.toLongs(), one.tensor().toLongs());
      } else {
        assertThat(now.data().toByteArray())
            .as(one.name())
            .isEqualTo(one.tensor().data().toByteArray());
      }
    }
  }

  /** How many weights there are, and how many are still floats that no code stands for. */
  private static int[] moved(Tensor start, OnnxModel floats, Scale scale) {
    float[] values = start.toFloats();
    int between = 0;
    int per = values.length / scale.initial().size();
    assertThat(per).isPositive();
    Set<Float> known = new java.util.HashSet<>();
    floats
        .graph()
        .initializers()
        .forEach(
            i -> {
              for (float value : i.tensor().toFloats()) {
                known.add(value);
              }
            });
    for (float value : values) {
      between += known.contains(value) ? 1 : 0;
    }
    return new int[] {values.length, between};
  }

  /** A bias is a float for a while: 24 bits of 32. */
  private static void assertClose(long[] now, long[] before) {
    assertThat(now).hasSameSizeAs(before);
    for (int i = 0; i < now.length; i++) {
      assertThat(Math.abs(now[i] - before[i]))
          .isLessThanOrEqualTo(1 + Math.abs(before[i]) / (1 << 22));
    }
  }

  /** The runtime drops a Clip only where no code stands for more than its bound. */
  @Test
  void theScaleBehindAClipHasABound() {
    OnnxModel quantized = quantized();
    QuantizedTraining ready = QuantizedTraining.of(quantized, floats, 127, 0);
    List<Scale> bounded =
        ready.structure().quantization().scales().stream()
            .filter(s -> s.most() < Float.MAX_VALUE)
            .toList();
    assertThat(bounded).hasSize(1);
    assertThat(bounded.get(0).most() * 255f).isLessThanOrEqualTo(6).isGreaterThan(5.9999f);
  }

  @Test
  void codesWithAZeroPointAreRefusedByName() {
    OnnxModel quantized = quantized();
    Graph graph = quantized.graph();
    OnnxModel shifted =
        quantized.withGraph(
            graph.withInitializers(
                graph.initializers().stream()
                    .map(
                        i ->
                            i.name().equals("w_zp")
                                ? Initializer.of(
                                    i.name(),
                                    Tensor.ofBytes(
                                        ElementType.INT8, i.tensor().shape(), ones(i.tensor())))
                                : i)
                    .toList()));
    assertThatThrownBy(() -> QuantizedTraining.of(shifted, floats, 127, 0))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("w_dq")
        .hasMessageContaining("not symmetric");
  }

  private static byte[] ones(Tensor like) {
    byte[] ones = new byte[(int) like.elementCount()];
    java.util.Arrays.fill(ones, (byte) 1);
    return ones;
  }
}
