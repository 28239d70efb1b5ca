package dev.compress.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

class SharedDataTest {
  @Test
  void whatIsFoundHoldsModelsAndDatasets() {
    assumeTrue(SharedData.data().isPresent(), SharedData.WHY_ABSENT);
    assertThat(SharedData.data().orElseThrow().resolve("models")).isDirectory();
    assertThat(SharedData.model(".")).isPresent();
    assertThat(SharedData.dataset("no-such-dataset")).isEmpty();
  }
}
