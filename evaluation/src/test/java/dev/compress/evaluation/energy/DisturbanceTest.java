package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DisturbanceTest {
  private static final String THROTTLE = "sys/devices/system/cpu/cpu1/thermal_throttle/";

  private final FakeTree tree = new FakeTree();

  @Test
  void timeThatIsStolenBeyondOnePercentIsTold() {
    StealTime steal = new StealTime(tree);
    tree.with("proc/stat", "cpu  1000 10 200 5000 30 0 5 100 7 0\ncpu0 1 1 1 1\nintr 5");
    steal.begin();
    tree.with("proc/stat", "cpu  1500 10 200 5480 30 0 5 109 900 0\ncpu0 1 1 1 1");
    assertThat(steal.end()).as("9 of 989 ticks").isEmpty();
    steal.begin();
    tree.with("proc/stat", "cpu  1500 10 200 5880 30 0 5 209 900 0\ncpu0 1 1 1 1");
    assertThat(steal.end()).contains("the hypervisor gave 20.0% of the time to others");
  }

  @Test
  void withoutItsFileNothingIsClaimed() {
    StealTime steal = new StealTime(tree);
    steal.begin();
    assertThat(steal.end()).isEmpty();
    CpuThrottling throttling = new CpuThrottling(tree);
    throttling.begin();
    assertThat(throttling.end()).isEmpty();
  }

  @Test
  void aProcessorThatGotTooHotIsTold() {
    tree.with(THROTTLE + "core_throttle_count", 4)
        .with(THROTTLE + "package_throttle_count", 10)
        .with("sys/devices/system/cpu/cpufreq/thermal_throttle/core_throttle_count", 1);
    CpuThrottling throttling = new CpuThrottling(tree);
    throttling.begin();
    assertThat(throttling.end()).isEmpty();
    throttling.begin();
    tree.with(THROTTLE + "core_throttle_count", 6).with(THROTTLE + "package_throttle_count", 11);
    assertThat(throttling.end()).contains("the processor was too hot and slowed down, 3 times");
  }
}
