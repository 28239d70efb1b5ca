package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShapeInferenceSharedTest {
  private static OnnxModel model(String relative) {
    Optional<Path> found = SharedData.model(relative);
    assumeTrue(found.isPresent(), SharedData.WHY_ABSENT);
    return OnnxReader.read(found.orElseThrow()).model();
  }

  @Test
  void aBrokenModelNamesItsNode() {
    Optional<Path> data = SharedData.data();
    assumeTrue(data.isPresent(), SharedData.WHY_ABSENT);
    OnnxModel broken =
        OnnxReader.read(data.orElseThrow().resolve("broken/shape-error.onnx")).model();
    assertThatThrownBy(() -> ShapeInference.infer(broken))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("onnx_graphsurgeon_node_1")
        .hasMessageContaining("MatMul");
  }

  @ParameterizedTest
  @CsvSource({
    "basic-pitch",
    "fashion-resnet-opset9",
    "kws-dscnn",
    "kws-dscnn-qdq-int8",
    "light-resnet50",
    "mnist-cntk-opset8",
    "mnist-self-attention",
    "resnet8-cifar10-nhwc",
    "tinybert-structure",
    "text-transformer-banking77",
    "toy-sparse-conv",
    "yolox-nano-coco",
    "yunet-dynamic",
    "ultraface-rfb-320",
    "ultraface-rfb-320-nms"
  })
  void theRankOfEveryValueIsKnown(String name) {
    OnnxModel model = model(name + "/model.onnx");
    Shapes shapes = ShapeInference.infer(model);
    for (Node node : model.graph().nodes()) {
      for (String output : node.outputs()) {
        if (!output.isEmpty()) {
          assertThat(shapes.rank(output)).as("%s of %s", output, node.label()).isPresent();
        }
      }
    }
    assertThat(shapes.warnings()).isEmpty();
  }

  /** Figures that are published or follow from the architecture. */
  @ParameterizedTest
  @CsvSource({
    // MLPerf Tiny's DS-CNN: 2.66 million operations a sample, fully connected layer included.
    "kws-dscnn, 2.6e6, 2.75e6",
    // MLPerf Tiny's ResNet-8: 12.5 million.
    "resnet8-cifar10-nhwc, 12.4e6, 12.6e6",
    // ResNet-50 at 224: 3.8 to 4.1 billion, by variant.
    "light-resnet50, 3.8e9, 4.2e9",
    // YOLOX-Nano: 1.08 GFLOPs as published for 416, that is half as many MACs.
    "yolox-nano-coco, 0.5e9, 0.7e9",
  })
  void macsAreThePublishedOnes(String name, double atLeast, double atMost) {
    MacCount count = MacCounter.count(model(name + "/model.onnx"), 1, 1);
    assertThat(count.warnings()).isEmpty();
    assertThat((double) count.total()).isBetween(atLeast, atMost);
  }

  @Test
  void operatorsThatTheRuntimeDoesNotKnowAreAWarning() {
    Shapes shapes = ShapeInference.infer(model("custom-op-qonnx-kws/model.onnx"));
    assertThat(shapes.warnings()).isNotEmpty();
    assertThat(String.join(" ", shapes.warnings())).contains("Quant");
  }
}
