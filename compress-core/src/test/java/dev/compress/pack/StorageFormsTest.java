package dev.compress.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every form, of random weights, against what ONNX Runtime makes of it. */
class StorageFormsTest {
  private static final List<ElementType> TYPES =
      List.of(
          ElementType.FLOAT,
          ElementType.FLOAT16,
          ElementType.INT8,
          ElementType.UINT8,
          ElementType.INT32);

  @TempDir private Path folder;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void everyFormGivesBackTheSameBitsAndFoldsAtLoad(long seed) {
    Random random = new Random(seed);
    for (ElementType type : TYPES) {
      Tensor weight = random(type, random);
      WeightSurvey survey = WeightSurvey.of(weight);
      for (StorageForm form : StorageForm.holding(survey, PackWeights.OPSET)) {
        if (!form.isDense()) {
          check(weight, survey, form);
        }
      }
    }
  }

  /** Values of their own in runs of channels, along any axis, with zeros or without. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void tablesByGroupGiveBackTheSameBitsToo(long seed) {
    Random random = new Random(seed);
    int checked = 0;
    for (ElementType type : TYPES) {
      Tensor weight = grouped(type, random, seed % 2 == 0);
      WeightSurvey survey = WeightSurvey.of(weight);
      for (StorageForm form : StorageForm.holding(survey, PackWeights.OPSET)) {
        if (form.grouped()) {
          check(weight, survey, form);
          checked++;
        }
      }
    }
    assertThat(checked).isGreaterThanOrEqualTo(seed % 2 == 0 ? 10 : 5);
  }

  /** Runs of 3 or 4 channels with up to 14 values each; over 16 in all. */
  private static Tensor grouped(ElementType type, Random random, boolean sparse) {
    long[] dims = {24, 7, 3};
    int axis = random.nextInt(2);
    Shape shape = axis == 0 ? Shape.of(dims) : Shape.of(dims[1], dims[0], dims[2]);
    ChannelGroups cut = ChannelGroups.of(shape, axis, 6 + random.nextInt(3));
    int[][] values = new int[cut.groups()][14];
    for (int[] group : values) {
      for (int i = 0; i < group.length; i++) {
        group[i] = bits(type, random);
      }
    }
    int count = (int) shape.elementCount();
    ByteBuffer bytes = ByteBuffer.allocate(count * type.bits() / 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      int[] group = values[cut.groupAt(i)];
      int value = sparse && random.nextInt(5) > 0 ? 0 : group[random.nextInt(group.length)];
      switch (type.bits()) {
        case 8 -> bytes.put((byte) value);
        case 16 -> bytes.putShort((short) value);
        default -> bytes.putInt(value);
      }
    }
    return Tensor.ofBytes(type, shape, bytes.array());
  }

  @Test
  void theFormsOfTheSeedsAboveAreAllThereAre() {
    Set<StorageForm.Places> places = EnumSet.noneOf(StorageForm.Places.class);
    Set<StorageForm.Values> values = EnumSet.noneOf(StorageForm.Values.class);
    for (long seed = 1; seed <= 12; seed++) {
      Random random = new Random(seed);
      for (ElementType type : TYPES) {
        for (StorageForm form :
            StorageForm.holding(WeightSurvey.of(random(type, random)), PackWeights.OPSET)) {
          places.add(form.places());
          values.add(form.values());
        }
      }
    }
    assertThat(places).containsExactlyInAnyOrder(StorageForm.Places.values());
    assertThat(values).containsExactlyInAnyOrder(StorageForm.Values.values());
  }

  private void check(Tensor weight, WeightSurvey survey, StorageForm form) {
    String what = weight.type() + " " + weight.shape() + " as " + form;
    OnnxModel dense = model(weight);
    try (Scratch scratch = new Scratch(folder)) {
      GraphEditor editor = new GraphEditor(dense.graph());
      editor.removeInitializer("w");
      EncodedWeight encoded = EncodedWeight.of(weight, survey, form);
      new UnpackingNodes(editor, scratch).emit("w", weight, survey, form, encoded);
      OnnxModel packed = dense.withGraph(editor.build());
      GraphValidator.check(packed);
      Path optimized = folder.resolve("optimized.onnx");
      SessionOptions options = SessionOptions.of(1).withOptimizedModel(optimized);
      try (InferenceSession session = InferenceSession.open(packed, options)) {
        TensorBuffer x = TensorBuffer.of(Shape.of(1), 1L);
        TensorBuffer y = Objects.requireNonNull(session.run(Map.of("x", x)).get("y"));
        assertThat(y.toTensor().data().toByteArray())
            .as(what)
            .isEqualTo(weight.data().toByteArray());
      }
      assertThat(OnnxReader.read(optimized).model().graph().nodes())
          .as(what)
          .extracting(Node::opType)
          .containsExactly("Expand");
      PassContext context = new PassContext(scratch, Progress.NONE, 1, 0);
      PassResult unpacked = new UnpackWeights(true).apply(packed, context);
      assertThat(unpacked.skipped()).as(what).isEmpty();
      assertThat(unpacked.model().graph().nodes()).as(what).hasSize(1);
      assertThat(unpacked.model().graph().initializers()).as(what).hasSize(1);
      Tensor back = unpacked.model().graph().initializers().get(0).tensor();
      assertThat(back.shape()).isEqualTo(weight.shape());
      assertThat(back.data().toByteArray()).as(what).isEqualTo(weight.data().toByteArray());
      assertThat(new UnpackWeights(true).notApplicableTo(unpacked.model())).isPresent();
    }
  }

  /** The weight, and one node that is not constant. */
  private static OnnxModel model(Tensor weight) {
    Node node = Node.of("Expand", "n", List.of("w", "x"), List.of("y"));
    return OnnxModel.of(
        8,
        PackWeights.OPSET,
        Graph.of(
            "g",
            List.of(node),
            List.of(Initializer.of("w", weight)),
            List.of(ValueInfo.of("x", ValueType.tensor(ElementType.INT64, List.of(Dim.of(1))))),
            List.of(ValueInfo.of("y", new ValueType.Undeclared()))));
  }

  /** Any share of zeros, any number of values, one to four dims. */
  static Tensor random(ElementType type, Random random) {
    long[] dims = new long[1 + random.nextInt(4)];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = 1L + random.nextInt(dims.length == 1 ? 3000 : dims.length == 2 ? 60 : 12);
    }
    Shape shape = Shape.of(dims);
    int count = (int) shape.elementCount();
    double density = Math.pow(random.nextDouble(), 1 + random.nextInt(4));
    int values = random.nextInt(5) == 0 ? 1000 : 1 + random.nextInt(1 << random.nextInt(9));
    List<Integer> bits = new ArrayList<>();
    for (int i = 0; i < values; i++) {
      bits.add(bits(type, random));
    }
    ByteBuffer bytes = ByteBuffer.allocate(count * type.bits() / 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      int value = random.nextDouble() < density ? bits.get(random.nextInt(values)) : 0;
      switch (type.bits()) {
        case 8 -> bytes.put((byte) value);
        case 16 -> bytes.putShort((short) value);
        default -> bytes.putInt(value);
      }
    }
    return Tensor.ofBytes(type, shape, bytes.array());
  }

  /** Negative zero among them, no NaN: copies of those need not keep their payload. */
  private static int bits(ElementType type, Random random) {
    float value = random.nextInt(20) == 0 ? -0.0f : (float) random.nextGaussian();
    if (type.equals(ElementType.FLOAT)) {
      float kept = random.nextBoolean() ? Float16.toFloat(Float16.fromFloat(value)) : value;
      return Float.floatToRawIntBits(kept);
    }
    return type.equals(ElementType.FLOAT16) ? Float16.fromFloat(value) : random.nextInt() >> 18;
  }
}
