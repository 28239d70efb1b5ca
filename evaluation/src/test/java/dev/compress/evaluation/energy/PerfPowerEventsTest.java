package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.SimulatedTime;
import dev.compress.error.DeviceUnavailableException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PerfPowerEventsTest {
  private static final String POWER = "sys/bus/event_source/devices/power/";
  private static final double SCALE = Math.scalb(1.0, -32);

  /** What a kernel with two packages would answer. */
  private static final class Recorded implements PerfCalls {
    final Map<Integer, Long> counts = new TreeMap<>();
    final List<String> opened = new ArrayList<>();
    final List<Integer> open = new ArrayList<>();
    int refusedAfter = Integer.MAX_VALUE;

    @Override
    public int open(int type, long config, int cpu) throws IOException {
      if (opened.size() >= refusedAfter) {
        throw new IOException("perf_event_open: [13] Permission denied");
      }
      opened.add(type + ":" + config + "@" + cpu);
      open.add(100 + opened.size());
      return 100 + opened.size();
    }

    @Override
    public long read(int descriptor) {
      return counts.getOrDefault(descriptor, 0L);
    }

    @Override
    public void close(int descriptor) {
      open.remove((Integer) descriptor);
    }
  }

  private final FakeTree tree = new FakeTree();
  private final Recorded calls = new Recorded();

  private PerfPowerEvents events() {
    return new PerfPowerEvents(tree, new SimulatedTime(0), () -> calls);
  }

  private void server() {
    tree.with(POWER + "type", 21).with(POWER + "cpumask", "0,18");
    for (String event : List.of("energy-pkg=0x02", "energy-ram=0x03", "energy-cores=0x01")) {
      String[] parts = event.split("=", 2);
      tree.with(POWER + "events/" + parts[0], "event=" + parts[1])
          .with(POWER + "events/" + parts[0] + ".scale", "2.3283064365386962890625e-10")
          .with(POWER + "events/" + parts[0] + ".unit", "Joules");
    }
  }

  @Test
  void theTreeTellsTypeEventScaleAndProcessors() throws IOException {
    server();

    assertThat(events().events())
        .containsExactly(
            new PerfPowerEvents.Event("package-0", 21, 2, 0, SCALE),
            new PerfPowerEvents.Event("package-1", 21, 2, 18, SCALE),
            new PerfPowerEvents.Event("dram-0", 21, 3, 0, SCALE),
            new PerfPowerEvents.Event("dram-1", 21, 3, 18, SCALE));
  }

  @Test
  void countsBecomeJoules() {
    server();
    SensorFinding.Found found = (SensorFinding.Found) events().find();
    assertThat(calls.open).as("looking leaves nothing open").isEmpty();
    calls.opened.clear();
    try (EnergyMeter meter = found.opener().open()) {
      assertThat(calls.opened).containsExactly("21:2@0", "21:2@18", "21:3@0", "21:3@18");
      Mark start = meter.mark();
      calls.counts.put(101, 1L << 34); // 2^34 steps of 2^-32 joules
      calls.counts.put(104, 1L << 31);
      List<Double> joules = meter.joulesBetween(start, meter.mark());

      assertThat(joules.get(0)).isCloseTo(4, within(1e-9));
      assertThat(joules.get(3)).isCloseTo(0.5, within(1e-9));
      assertThat(meter.description().source()).isEqualTo("perf");
    }
    assertThat(calls.open).isEmpty();
  }

  @Test
  void whatTheKernelRefusesComesWithTheCommand() {
    server();
    tree.with("proc/sys/kernel/perf_event_paranoid", 2);
    calls.refusedAfter = 0;
    SensorFinding.Unreadable finding = (SensorFinding.Unreadable) events().find();

    assertThat(finding.detail()).contains("Permission denied").contains("perf_event_paranoid is 2");
    assertThat(finding.advice()).contains("sudo sysctl kernel.perf_event_paranoid=0");
  }

  @Test
  void aRefusalHalfWayLeavesNothingOpen() {
    server();
    SensorFinding.Found found = (SensorFinding.Found) events().find();
    calls.refusedAfter = calls.opened.size() + 2;

    assertThatThrownBy(found.opener()::open)
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("Permission denied");
    assertThat(calls.open).isEmpty();
  }

  @Test
  void withoutItsDeviceOrWithAnotherUnitThereIsNoSensor() {
    assertThat(events().find()).isInstanceOf(SensorFinding.Absent.class);
    server();
    tree.with(POWER + "events/energy-pkg.unit", "Watts");

    assertThat(events().find()).isInstanceOf(SensorFinding.Absent.class);
    assertThat(events().find().detail()).contains("Watts");
  }

  @Test
  void listsOfProcessorsHaveRanges() {
    assertThat(CpuList.parse("0-2,8, 10-11\n")).containsExactly(0, 1, 2, 8, 10, 11);
  }

  /** The real system call, on the one event that every kernel has: the processor's clock. */
  @Test
  void theSystemCallWorksWhereTheKernelLetsIt() throws Exception {
    PerfCalls system;
    int descriptor;
    try {
      system = PerfCalls.system();
      descriptor = system.open(1, 0, 0); // PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK
    } catch (IOException e) {
      abort("This system gives no perf events to this process: " + e.getMessage());
      return;
    }
    try {
      long start = System.nanoTime();
      long before = system.read(descriptor);
      Thread.sleep(50);
      long counted = system.read(descriptor) - before;
      long passed = System.nanoTime() - start;

      assertThat((double) counted).isBetween(0.5 * passed, 1.5 * passed);
    } finally {
      system.close(descriptor);
    }
    assertThatThrownBy(() -> system.open(999_999, 0, 0))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("perf_event_open");
  }
}
