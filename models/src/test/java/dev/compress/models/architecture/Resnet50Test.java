package dev.compress.models.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.models.random.SplitMix64;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Resnet50Test {
  private static final Resnet50 SMALL = new Resnet50(List.of(2, 2, 2, 1), 16, 10, 64);

  /** Published: 25,557,032 trained parameters and 4.1 billion multiply-accumulates at 224 x 224. */
  @Test
  void theFullSizeIsResnet50() {
    OnnxModel model = Resnet50.standard().build(0);
    long all = 0;
    long statistics = 0;
    for (Initializer initializer : model.graph().initializers()) {
      all += initializer.tensor().elementCount();
      if (initializer.name().contains(".running_")) {
        statistics += initializer.tensor().elementCount();
      }
    }
    assertThat(all - statistics).isEqualTo(25_557_032);
    assertThat(count(model, "Conv")).isEqualTo(53);
    assertThat(count(model, "BatchNormalization")).isEqualTo(53);
    assertThat(count(model, "Add")).isEqualTo(16);
    assertThat(MacCounter.count(model, 1, 1).total()).isBetween(4_050_000_000L, 4_150_000_000L);
  }

  private static long count(OnnxModel model, String op) {
    return model.graph().nodes().stream().filter(node -> node.is(op)).count();
  }

  /**
   * Neither die nor explode: every normalized activation is about as large as its statistics say.
   */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2})
  void activationsKeepTheirSize(long seed) {
    OnnxModel model = SMALL.build(seed);
    List<ValueInfo> outputs = new ArrayList<>(model.graph().outputs());
    for (Node node : model.graph().nodes()) {
      if (node.is("BatchNormalization")) {
        outputs.add(ValueInfo.of(node.output(0), ValueType.tensor(ElementType.FLOAT)));
      }
    }
    OnnxModel open = model.withGraph(model.graph().withOutputs(outputs));
    TensorBuffer images = TensorBuffer.allocate(ElementType.FLOAT, Shape.of(4, 3, 64, 64));
    FloatBuffer pixels = images.floats();
    SplitMix64 random = new SplitMix64(seed + 100);
    while (pixels.hasRemaining()) {
      pixels.put((float) random.nextGaussian());
    }
    try (InferenceSession session = InferenceSession.open(open, SessionOptions.of(1))) {
      Map<String, TensorBuffer> results = session.run(Map.of("input", images));
      assertThat(results).hasSize(1 + 1 + 7 * 3 + 4);
      results.remove("logits");
      results.forEach(
          (name, tensor) -> {
            double deviation = deviation(tensor.toFloats());
            double expected = name.contains("bn3") ? 0.45 : 1.05;
            assertThat(deviation / expected).as(name).isBetween(0.7, 1.5);
          });
    }
  }

  private static double deviation(float[] values) {
    double sum = 0;
    double squares = 0;
    for (float value : values) {
      sum += value;
      squares += (double) value * value;
    }
    double mean = sum / values.length;
    return Math.sqrt(squares / values.length - mean * mean);
  }

  @Test
  void refusesSizesThatMakeNoNetwork() {
    assertThatThrownBy(() -> new Resnet50(List.of(1, 0), 16, 10, 64))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
