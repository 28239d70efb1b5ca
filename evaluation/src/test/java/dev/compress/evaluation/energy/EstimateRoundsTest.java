package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.energy.Estimated;
import dev.compress.energy.Unavailable;
import java.util.List;
import org.junit.jupiter.api.Test;

class EstimateRoundsTest {
  @Test
  void theMiddleRoundCountsWhateverElseTheMachineDid() {
    EstimateRounds rounds = new EstimateRounds(3);
    for (double joules : new double[] {9, 2, 1, 2.5, 100}) {
      rounds.add(0, new Estimated(joules / 2, joules, joules * 2, "m", "s", 10, List.of("w")));
    }
    rounds.add(1, new Unavailable("not told"));
    assertThat(rounds.reading(0))
        .isEqualTo(new Estimated(1.25, 2.5, 5, "m", "s", 50, List.of("w")));
    assertThat(rounds.reading(1)).isEqualTo(new Unavailable("not told"));
    assertThat(rounds.reading(2)).isInstanceOf(Unavailable.class);
    assertThat(rounds.order(0)).containsExactly(0, 1, 2);
    assertThat(rounds.order(1)).containsExactly(2, 1, 0);
  }
}
