package dev.compress.models.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ArchitecturesTest {
  @ParameterizedTest
  @EnumSource(Architecture.class)
  void isFoundByItsIdAndBuilds(Architecture architecture) {
    assertThat(Architecture.of(architecture.id())).contains(architecture);
    assertThat(architecture.build(0).metadata()).containsEntry("weights", "random, seed 0");
    assertThat(architecture.description()).isNotBlank();
  }

  @Test
  void unknownNamesGiveNothing() {
    assertThat(Architecture.of("resnet-51")).isEmpty();
  }
}
