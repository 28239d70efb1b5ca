package dev.compress.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphPrinter;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxWriter;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packing, trimming and unpacking quantized graphs that ONNX Runtime runs in integers. */
class PackQuantizedTest {
  @TempDir private Path folder;
  private Scratch scratch = Scratch.inTemporaryFolder();
  private PassContext context = new PassContext(scratch, Progress.NONE, 2, 0);

  @BeforeEach
  void open() {
    scratch = new Scratch(folder);
    context = new PassContext(scratch, Progress.NONE, 2, 0);
  }

  @AfterEach
  void close() {
    scratch.close();
  }

  @Test
  void packedModelRunsTheSameIntegerKernelsToTheSameBits() {
    OnnxModel dense = PackModels.quantizedConv();
    PassResult trimmed = new TrimQuantization().apply(dense, context);
    PassResult packed = new PackWeights(true).apply(trimmed.model(), context);
    assertThat(packed.changes()).extracting(PassResult.Change::what).anyMatch(t -> t.contains("w"));
    Path before = folder.resolve("before.onnx");
    Path after = folder.resolve("after.onnx");
    int elements = PackModels.CHANNELS * 64;
    assertThat(PackModels.run(packed.model(), elements, after))
        .isEqualTo(PackModels.run(dense, elements, before));
    assertThat(PackModels.operators(after))
        .isEqualTo(PackModels.operators(before))
        .contains("QLinearConv");
    WeightInventory.Stored weight =
        WeightInventory.of(packed.model(), context).weights().stream()
            .filter(w -> w.name().equals("w"))
            .findFirst()
            .orElseThrow();
    assertThat(weight.elements()).isEqualTo(PackModels.CHANNELS * PackModels.CHANNELS * 9L);
    assertThat(weight.distinct()).hasValue(8);
    assertThat(weight.bytes()).isLessThan(weight.elements() / 3);
  }

  /** Its weight needs a zero point, or the runtime computes in float. */
  @ParameterizedTest(name = "{0} outputs")
  @ValueSource(ints = {16, 200})
  void packedGemmRunsInIntegersToTheSameBits(int outputs) {
    OnnxModel dense = PackModels.quantizedGemm(outputs);
    OnnxModel trimmed = new TrimQuantization().apply(dense, context).model();
    assertThat(new TrimQuantization().apply(trimmed, context).model()).isSameAs(trimmed);
    OnnxModel packed = new PackWeights(true).apply(trimmed, context).model();
    assertThat(OnnxWriter.toBytes(trimmed).length).isLessThan(OnnxWriter.toBytes(dense).length);
    assertThat(GraphPrinter.print(packed.graph())).contains("CumSum");
    Path before = folder.resolve("before.onnx");
    Path after = folder.resolve("after.onnx");
    int elements = 4 * 256;
    assertThat(PackModels.run(packed, elements, after))
        .isEqualTo(PackModels.run(dense, elements, before));
    assertThat(PackModels.operators(before)).contains("QGemm");
    assertThat(PackModels.operators(after)).isEqualTo(PackModels.operators(before));
  }

  @Test
  void whatIsPackedIsNotPackedAgainAndComesBack() {
    OnnxModel dense = PackModels.quantizedConv();
    OnnxModel packed = new PackWeights(false).apply(dense, context).model();
    assertThat(new PackWeights(false).apply(packed, context).model()).isSameAs(packed);
    assertThat(GraphPrinter.print(packed.graph())).contains("ScatterElements").contains("CumSum");
    OnnxModel back = new UnpackWeights(false).apply(packed, context).model();
    assertThat(back.graph().nodes()).isEqualTo(dense.graph().nodes());
    for (Initializer initializer : dense.graph().initializers()) {
      Tensor found =
          back.graph().initializers().stream()
              .filter(i -> i.name().equals(initializer.name()))
              .findFirst()
              .orElseThrow()
              .tensor();
      assertThat(found.data().toByteArray()).isEqualTo(initializer.tensor().data().toByteArray());
      assertThat(found.shape()).isEqualTo(initializer.tensor().shape());
    }
    assertThat(new UnpackWeights(false).notApplicableTo(back)).isPresent();
    assertThat(new UnpackWeights(false).apply(back, context).model()).isSameAs(back);
  }

  @Test
  void trimsOnceAndOnlyWhatFollows() {
    PassResult once = new TrimQuantization().apply(PackModels.quantizedConv(), context);
    assertThat(once.changes()).hasSize(2);
    assertThat(GraphPrinter.print(once.model().graph())).contains("Mul").doesNotContain("bz");
    assertThat(new TrimQuantization().apply(once.model(), context).model()).isSameAs(once.model());
    GraphEditor editor = new GraphEditor(PackModels.quantizedConv().graph());
    editor.setInitializer(
        "bs", Tensor.ofFloats(Shape.of(PackModels.CHANNELS), new float[PackModels.CHANNELS]));
    OnnxModel other = PackModels.quantizedConv().withGraph(editor.build());
    assertThat(GraphPrinter.print(new TrimQuantization().apply(other, context).model().graph()))
        .doesNotContain("Mul");
    assertThat(new TrimQuantization().notApplicableTo(PackModels.product(8, 8))).isPresent();
  }

  @Test
  void foreignPackingIsUnpackedToo() {
    // Nibbles by division and remainder, as nobody here writes them.
    byte[] bytes = new byte[128];
    new Random(2).nextBytes(bytes);
    int[] packed = new int[128];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = bytes[i] & 0xFF;
    }
    float[] values = new float[16];
    for (int i = 0; i < 16; i++) {
      values[i] = i / 8f - 1;
    }
    List<Node> nodes =
        List.of(
            Node.of("Div", "", List.of("p", "f"), List.of("a")),
            Node.of("Mod", "", List.of("a", "n"), List.of("i")),
            Node.of("Gather", "", List.of("v", "i"), List.of("g")),
            Node.of("Reshape", "", List.of("g", "shape"), List.of("w")),
            Node.of("MatMul", "m", List.of("x", "w"), List.of("y")));
    OnnxModel foreign =
        PackModels.model(
            nodes,
            List.of(
                Initializer.of("p", Tensor.ofInts(Shape.of(128, 1), packed)),
                Initializer.of("f", Tensor.ofInts(Shape.of(2), 1, 16)),
                Initializer.of("n", Tensor.ofInts(Shape.scalar(), 16)),
                Initializer.of("v", Tensor.ofFloats(Shape.of(16), values)),
                Initializer.of("shape", Tensor.ofLongs(Shape.of(2), 16, 16))),
            3,
            16);
    OnnxModel dense = new UnpackWeights(false).apply(foreign, context).model();
    assertThat(dense.graph().nodes()).hasSize(1);
    float[] weight = dense.graph().initializers().get(0).tensor().toFloats();
    for (int i = 0; i < weight.length; i++) {
      assertThat(weight[i]).isEqualTo(values[(packed[i / 2] >> (4 * (i % 2))) & 15]);
    }
  }
}
