package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.energy.EnergyReading.Kind;
import dev.compress.energy.RunEnergy;
import dev.compress.energy.SimulatedTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuTimeAccountTest {
  private final FakeTree tree = new FakeTree();
  private final SimulatedTime time = new SimulatedTime(0);

  private void used(int user, int system, int childUser, int childSystem) {
    tree.with(
        "proc/self/stat",
        "4711 (a) strange (name) S 1 2 3 4 5 6 7 8 9 10 %d %d %d %d 20 0 40 0 123 456"
            .formatted(user, system, childUser, childSystem));
  }

  private CpuTimeAccount account() {
    tree.with("proc/cpuinfo", "vendor_id : AuthenticAMD\ncpu family : 23\nmodel : 49\n");
    CpuTimeEstimate estimate = new CpuTimeEstimate(CpuPowerModel.of(tree), 4, time, () -> 0);
    return new CpuTimeAccount(tree, time, () -> estimate);
  }

  @Test
  void countsTheProcessAndItsChildren() {
    used(1000, 100, 50, 5);
    CpuTimeAccount account = account();
    time.pause(10_000_000_000L);
    used(1400, 200, 450, 105);
    RunEnergy run = account.stop();

    // 10 s of 4 processors at 0.474 W, of which 10 s busy at 1.693 W
    double central = 40 * 0.474 + 10 * (1.693 - 0.474);
    assertThat(run.kind()).isEqualTo(Kind.ESTIMATED);
    assertThat(run.energyJ()).isNull();
    assertThat(run.energyEstimatedJ()).isCloseTo(central, within(0.5));
    assertThat(run.estimatedRangeJ()).isEqualTo(List.of(12.0, 68.0));
    assertThat(run.seconds()).isCloseTo(10, within(1e-9));
    time.pause(10_000_000_000L);
    assertThat(account.stop()).as("a second time says the same").isEqualTo(run);
  }

  @Test
  void whatIsNotToldIsUnknown() {
    tree.with("proc/self/stat", "4711 (java) S 1 2 3 4 5 6 7 8 9 10 x y z 0 20 0");
    CpuTimeAccount account = account();
    time.pause(1_000_000_000L);
    assertThat(account.stop().kind()).isEqualTo(Kind.UNAVAILABLE);
    assertThat(account.stop().reason()).contains("not told");
  }

  @Test
  void theKernelsOwnFileIsUnderstood() throws IOException, InterruptedException {
    assumeTrue(Files.isReadable(Path.of("/proc/self/stat")), "no /proc on this system");
    CpuTimeAccount account = CpuTimeAccount.ofThisProcess();
    // A child that works for a while and is waited for.
    new ProcessBuilder("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
        .start()
        .waitFor();
    Thread.sleep(100); // the reaper's
    RunEnergy run = account.stop();
    assertThat(run.kind()).as(run.reason()).isEqualTo(Kind.ESTIMATED);
    assertThat(run.energyEstimatedJ()).isPositive();
  }
}
