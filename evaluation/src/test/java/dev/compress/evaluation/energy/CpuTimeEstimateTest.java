package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.SimulatedTime;
import dev.compress.energy.Unavailable;
import org.junit.jupiter.api.Test;

class CpuTimeEstimateTest {
  private static final long SECOND = 1_000_000_000L;

  private final FakeTree tree = new FakeTree();
  private final SimulatedTime time = new SimulatedTime(0);

  private CpuPowerModel cpu(String info) {
    tree.with("proc/cpuinfo", info);
    return CpuPowerModel.of(tree);
  }

  @Test
  void theFamilyIsToldByItsNumbers() {
    String epyc =
        """
        processor\t: 0
        vendor_id\t: AuthenticAMD
        cpu family\t: 25
        model\t\t: 17
        model name\t: AMD EPYC
        stepping\t: 1
        """;
    assertThat(cpu(epyc).family()).isEqualTo("EPYC 4th generation");
    assertThat(
            cpu("vendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\nstepping : 8\n").family())
        .isEqualTo("Sapphire Rapids");
    assertThat(cpu("vendor_id : GenuineIntel\ncpu family : 6\nmodel : 85\nstepping : 7\n").family())
        .isEqualTo("Cascade Lake");
    assertThat(cpu("vendor_id : GenuineIntel\ncpu family : 6\nmodel : 85\nstepping : 4\n").known())
        .as("Skylake has the same numbers but for its stepping")
        .isFalse();
    assertThat(cpu("CPU implementer : 0x41\nCPU part : 0xd0c\n").family()).contains("Graviton");
    assertThat(cpu("").known()).isFalse();
  }

  @Test
  void theFormulaIsCloudCarbonFootprints() {
    CpuPowerModel model = cpu("vendor_id : AuthenticAMD\ncpu family : 23\nmodel : 49\n");
    Estimated e =
        new CpuTimeEstimate(model, 4, time, () -> 0)
            .estimate(new CpuTimeEstimate.Usage(10, 10, 1000));

    // 4 processors for 10 s at 0.474 W, one of them busy at 1.693 W
    assertThat(e.centralJoules()).isCloseTo((30 * 0.474 + 10 * 1.693) / 1000, within(1e-12));
    assertThat(e.lowJoules())
        .isCloseTo((10 - 0.01) * (1.693 - 0.474) / 1000, within(1e-12)); // a tick less
    assertThat(e.highJoules()).isCloseTo(40 * 1.693 / 1000, within(1e-12));
    assertThat(e.model()).contains("cpu-time").contains("EPYC 2nd generation");
    assertThat(e.warnings()).contains("estimated from processor time, not measured");
  }

  @Test
  void anUnknownProcessorHasTheRangeOfAll() {
    Estimated e =
        new CpuTimeEstimate(cpu(""), 1, time, () -> 0).estimate(new CpuTimeEstimate.Usage(1, 1, 1));

    assertThat(e.lowJoules()).isCloseTo((1 - 0.01) * (1.693 - 0.474), within(1e-9));
    assertThat(e.centralJoules()).isCloseTo(3.5, within(1e-9));
    assertThat(e.highJoules()).isCloseTo(4.482, within(1e-9));
    assertThat(e.warnings()).anyMatch(w -> w.contains("an average is taken"));
  }

  @Test
  void aWorkloadIsRunForAWhile() {
    CpuPowerModel model = cpu("vendor_id : AuthenticAMD\ncpu family : 23\nmodel : 49\n");
    Workload workload = new Workload("a", 2, runs -> time.pause(runs * SECOND / 1000));
    EnergyReading reading = new CpuTimeEstimate(model, 1, time, time::nanos).estimate(workload, 5);

    assertThat(((Estimated) reading).centralJoules()).isCloseTo(1.693e-3 / 2, within(1e-9));
    assertThat(((Estimated) reading).inferences()).isBetween(10_000L, 10_800L);
    assertThat(new CpuTimeEstimate(model, 1, time, () -> -1).estimate(workload, 1))
        .isInstanceOf(Unavailable.class);
  }

  @Test
  void thisProcessCanBeEstimated() {
    double[] sum = {0};
    Workload busy =
        new Workload(
            "busy",
            1,
            runs -> {
              for (int i = 0; i < 1000 * runs; i++) {
                sum[0] += Math.sqrt(i);
              }
            });
    EnergyReading reading = CpuTimeEstimate.ofThisProcess().estimate(busy, 0.3);

    assertThat(((Estimated) reading).lowJoules()).isPositive();
    assertThat(sum[0]).isPositive();
    EnergyReading outside = CpuTimeEstimate.of(ProcessHandle.current()).estimate(busy, 0.3);
    assertThat(((Estimated) outside).centralJoules())
        .isBetween(
            0.2 * ((Estimated) reading).centralJoules(), 5 * ((Estimated) reading).centralJoules());
  }
}
