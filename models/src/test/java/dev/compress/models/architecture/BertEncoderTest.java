package dev.compress.models.architecture;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BertEncoderTest {
  private static final int HIDDEN = 32;
  private static final BertEncoder SMALL = new BertEncoder(2, HIDDEN, 4, 64, 100, 16, 0);

  /** 108,891,648 is the published encoder of 109,482,240 without its pooler of 768 x 768 + 768. */
  @Test
  void theBaseSizeHasThePublishedParameters() {
    OnnxModel model = BertEncoder.base().build(0);
    long parameters =
        model.graph().initializers().stream()
            .map(Initializer::tensor)
            .filter(tensor -> tensor.type().equals(ElementType.FLOAT) && tensor.shape().rank() > 0)
            .mapToLong(tensor -> tensor.elementCount())
            .sum();
    assertThat(parameters).isEqualTo(108_891_648);
  }

  @Test
  void runsAnyBatchAndLengthAndIgnoresPadding() {
    try (InferenceSession session = InferenceSession.open(SMALL.build(1), SessionOptions.of(1))) {
      float[] alone = run(session, 1, new long[] {5, 6, 7}, new long[] {1, 1, 1});
      assertThat(alone).hasSize(3 * HIDDEN).doesNotContain(Float.NaN);
      // the same sentence in a batch, padded with two different tokens
      float[] padded =
          run(
              session,
              2,
              new long[] {5, 6, 7, 99, 98, 5, 6, 7, 1, 2},
              new long[] {1, 1, 1, 0, 0, 1, 1, 1, 0, 0});
      for (int row = 0; row < 2; row++) {
        float[] part = Arrays.copyOfRange(padded, row * 5 * HIDDEN, (row * 5 + 3) * HIDDEN);
        for (int i = 0; i < alone.length; i++) {
          assertThat(part[i]).isBetween(alone[i] - 1e-4f, alone[i] + 1e-4f);
        }
      }
      // a token that counts changes the others, and so does the order
      assertThat(run(session, 1, new long[] {5, 6, 8}, new long[] {1, 1, 1})[0])
          .isNotEqualTo(alone[0]);
      assertThat(run(session, 1, new long[] {5, 7, 6}, new long[] {1, 1, 1})[0])
          .isNotEqualTo(alone[0]);
    }
  }

  private static float[] run(InferenceSession session, int batch, long[] ids, long[] mask) {
    Shape shape = Shape.of(batch, ids.length / batch);
    Map<String, TensorBuffer> inputs =
        Map.of(
            "input_ids", TensorBuffer.of(shape, ids),
            "attention_mask", TensorBuffer.of(shape, mask),
            "token_type_ids", TensorBuffer.of(shape, new long[ids.length]));
    TensorBuffer output = requireNonNull(session.run(inputs).get("last_hidden_state"));
    assertThat(output.shape()).isEqualTo(Shape.of(batch, ids.length / batch, HIDDEN));
    return output.toFloats();
  }

  @Test
  void refusesHeadsThatDoNotDivide() {
    assertThatThrownBy(() -> new BertEncoder(1, 10, 3, 20, 50, 8, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 heads");
  }
}
