package dev.compress.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.Augmentation;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ImageChangesTest {
  private static final int SIDE = 4;
  private static final int PIXELS = SIDE * SIDE;

  private static float[] changed(Augmentation what, int epoch, int position) {
    float[] image = new float[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      image[i] = i;
    }
    TensorBuffer one = TensorBuffer.of(Shape.of(1, 1, SIDE, SIDE), image);
    new ImageChanges(what, 9).apply(one, epoch, new int[] {position});
    return one.toFloats();
  }

  private static Set<String> all(Augmentation what) {
    Set<String> seen = new HashSet<>();
    for (int position = 0; position < 200; position++) {
      seen.add(Arrays.toString(changed(what, 0, position)));
    }
    return seen;
  }

  @Test
  void dependsOnEpochAndSampleAlone() {
    Augmentation what = new Augmentation(2, true, 2);
    assertThat(changed(what, 3, 7)).containsExactly(changed(what, 3, 7));
    assertThat(changed(what, 4, 7)).isNotEqualTo(changed(what, 3, 7));
    assertThat(changed(what, 3, 8)).isNotEqualTo(changed(what, 3, 7));
  }

  @Test
  void aFlipIsTheImageOrItsMirror() {
    assertThat(all(new Augmentation(0, true, 0)))
        .containsExactlyInAnyOrder(
            "[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]",
            "[3.0, 2.0, 1.0, 0.0, 7.0, 6.0, 5.0, 4.0, 11.0, 10.0, 9.0, 8.0, 15.0, 14.0, 13.0, 12.0]");
  }

  /** One pixel each way: nine places, the edge repeated. */
  @Test
  void aShiftMovesUpToItsSize() {
    assertThat(all(new Augmentation(1, false, 0)))
        .hasSize(9)
        .contains(
            "[0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0, 2.0, 4.0, 4.0, 5.0, 6.0, 8.0, 8.0, 9.0, 10.0]");
  }

  @Test
  void aCutoutCoversASquareWithTheMean() {
    boolean whole = false;
    for (int position = 0; position < 50; position++) {
      float[] image = changed(new Augmentation(0, false, 2), 0, position);
      int covered = 0;
      for (int i = 0; i < PIXELS; i++) {
        covered += image[i] == 7.5f ? 1 : 0;
        assertThat(image[i] == 7.5f || image[i] == i).isTrue();
      }
      assertThat(covered).isIn(1, 2, 4);
      whole |= covered == 4;
    }
    assertThat(whole).isTrue();
  }

  @Test
  void whatIsNoImageIsRefused() {
    TensorBuffer row = TensorBuffer.of(Shape.of(1, 4), new float[4]);
    assertThatThrownBy(
            () -> new ImageChanges(new Augmentation(1, false, 0), 0).apply(row, 0, new int[] {0}))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("--augment is for images");
  }
}
