package dev.compress.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs of channels against a list of all elements. */
class ChannelGroupsTest {
  @Test
  void everyElementIsInTheRunOfItsChannel() {
    for (int axis = 0; axis < 3; axis++) {
      for (int count = 1; count < 12; count++) {
        Shape shape = Shape.of(7, 10, 3);
        ChannelGroups cut = ChannelGroups.of(shape, axis, count);
        assertThat(cut.groups()).isEqualTo(Math.min(count, (int) shape.dim(axis)));
        for (int position = 0; position < 210; position++) {
          int[] at = {position / 30, position / 3 % 10, position % 3};
          int group = cut.groupAt(position);
          assertThat(cut.channelAt(position)).isEqualTo(at[axis]);
          assertThat(at[axis]).isBetween(cut.first(group), cut.first(group + 1) - 1);
        }
      }
    }
  }

  @Test
  void whatDoesNotDivideDiffersByOne() {
    ChannelGroups cut = ChannelGroups.of(Shape.of(10, 4), 0, 4);
    List<Integer> lengths = new ArrayList<>();
    for (int group = 0; group < 4; group++) {
      lengths.add(cut.first(group + 1) - cut.first(group));
    }
    assertThat(lengths).containsExactly(2, 3, 2, 3);
  }

  @Test
  void channelsAreTakenAlongAnyAxisAndAlongTheFirstAsOne() {
    assertThat(ChannelGroups.everyAxis(Shape.of(2, 12, 5), 4))
        .containsExactly(
            new ChannelGroups(1, 2, 60, 2),
            new ChannelGroups(2, 12, 5, 4),
            new ChannelGroups(1, 24, 5, 4),
            new ChannelGroups(24, 5, 1, 4));
    assertThat(ChannelGroups.everyAxis(Shape.of(8), 4)).hasSize(1);
  }

  @Test
  void moreGroupsThanChannelsAreNone() {
    assertThatIllegalArgumentException().isThrownBy(() -> new ChannelGroups(1, 3, 1, 4));
    assertThatIllegalArgumentException().isThrownBy(() -> new ChannelGroups(1, 3, 1, 0));
  }
}
