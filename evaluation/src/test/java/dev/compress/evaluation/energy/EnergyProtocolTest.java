package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.energy.CounterMeter;
import dev.compress.energy.DisturbanceWatch;
import dev.compress.energy.EnergyReading;
import dev.compress.energy.Measured;
import dev.compress.energy.Unavailable;
import dev.compress.error.CancelledException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnergyProtocolTest {
  private static final double RUN_SECONDS = 0.004;
  private static final double TRUTH = 200 * RUN_SECONDS;

  private static EnergyResult measure(
      SimulatedMachine machine, EnergySettings settings, Workload... workloads) {
    try (CounterMeter meter = machine.meter()) {
      return new EnergyProtocol(meter, machine.time, settings, List.of(), machine)
          .measure(List.of(workloads), Progress.NONE);
    }
  }

  /** 200 W behind 100 ms ticks, no noise but the ticks: every single run is within 1%. */
  @Test
  void aSteadyCounterIsReadWithinOnePercentByEveryRun() {
    int covered = 0;
    for (int seed = 0; seed < 100; seed++) {
      SimulatedMachine machine = new SimulatedMachine(seed, 50, 0.1, 0);
      EnergyResult result =
          measure(machine, EnergySettings.usual(seed), machine.workload("a", RUN_SECONDS, 200));
      Measured measured = (Measured) result.readings().get(0);
      assertThat(measured.joules()).as("seed %d", seed).isCloseTo(TRUTH, within(0.01 * TRUTH));
      assertThat(measured.stable()).isTrue();
      assertThat(measured.provenance().sensor().aligned()).isTrue();
      assertThat(measured.provenance().sensor().updatePeriodSeconds())
          .isCloseTo(0.1, within(0.002));
      covered += measured.ci95().contains(TRUTH) ? 1 : 0;
    }
    assertThat(covered).as("intervals of 100 that hold the truth").isGreaterThanOrEqualTo(93);
  }

  /** The same where every tick has a power of its own: still every run is within 1%. */
  @ParameterizedTest(name = "noise {0}")
  @ValueSource(doubles = {0.03, 0.05})
  void aPowerThatFluctuatesIsReadWithinOnePercentByEveryRun(double noise) {
    int covered = 0;
    for (int seed = 0; seed < 100; seed++) {
      SimulatedMachine machine = new SimulatedMachine(seed, 50, 0.1, 0);
      machine.tickNoise = noise;
      EnergyResult result =
          measure(machine, EnergySettings.usual(seed), machine.workload("a", RUN_SECONDS, 200));
      Measured measured = (Measured) result.readings().get(0);
      assertThat(measured.joules()).as("seed %d", seed).isCloseTo(TRUTH, within(0.01 * TRUTH));
      assertThat(measured.stable()).isTrue();
      covered += measured.ci95().contains(TRUTH) ? 1 : 0;
    }
    assertThat(covered).as("intervals of 100 that hold the truth").isGreaterThanOrEqualTo(93);
  }

  /** The same where every window has a power of its own, which is when the stopping rule bites. */
  @ParameterizedTest(name = "noise {0}")
  @ValueSource(doubles = {0.01, 0.03, 0.04, 0.05})
  void theIntervalCoversTheTruthWhateverTheStoppingRuleDoes(double noise) {
    int covered = 0;
    double sum = 0;
    for (int seed = 0; seed < 100; seed++) {
      SimulatedMachine machine = new SimulatedMachine(seed, 50, 0.1, noise);
      EnergyResult result =
          measure(machine, EnergySettings.usual(seed), machine.workload("a", RUN_SECONDS, 200));
      Measured measured = (Measured) result.readings().get(0);
      covered += measured.ci95().contains(TRUTH) ? 1 : 0;
      sum += measured.joules();
      assertThat(measured.stable())
          .isEqualTo(measured.ci95().high() - measured.joules() <= 0.02 * measured.joules());
    }
    assertThat(covered).as("intervals of 100 that hold the truth").isGreaterThanOrEqualTo(93);
    assertThat(sum / 100).isCloseTo(TRUTH, within(0.01 * TRUTH));
  }

  @Test
  void totalAndNetOfIdleAreBothTold() {
    SimulatedMachine machine = new SimulatedMachine(1, 50, 0.1, 0);
    Measured measured =
        (Measured)
            measure(machine, EnergySettings.usual(1), machine.workload("a", RUN_SECONDS, 200))
                .readings()
                .get(0);
    Measured.Idle idle = Objects.requireNonNull(measured.idle());

    assertThat(idle.watts()).isCloseTo(50, within(0.5));
    assertThat(idle.driftWatts()).isCloseTo(0, within(0.5));
    assertThat(idle.netJoules()).isCloseTo(150 * RUN_SECONDS, within(0.01 * TRUTH));
    assertThat(idle.netCi95().contains(150 * RUN_SECONDS)).isTrue();
    assertThat(measured.expandedUncertaintyJoules()).isPositive().isLessThan(0.02 * TRUTH);
  }

  @Test
  void windowsAreAsLongAsTheSensorNeeds() {
    SimulatedMachine slow = new SimulatedMachine(2, 50, 0.4, 0);
    EnergyResult result =
        measure(slow, EnergySettings.usual(2), slow.workload("a", RUN_SECONDS, 200));

    assertThat(result.windows().get(0).seconds()).isGreaterThanOrEqualTo(40).isLessThan(42);
    SimulatedMachine fast = new SimulatedMachine(2, 50, 0.001, 0);
    Measured measured =
        (Measured)
            measure(fast, EnergySettings.usual(2), fast.workload("a", RUN_SECONDS, 200))
                .readings()
                .get(0);
    assertThat(measured.provenance().windows().seconds()).isCloseTo(10, within(0.1));
    assertThat(measured.provenance().sensor().aligned()).isFalse();
    assertThat(measured.joules()).isCloseTo(TRUTH, within(0.002 * TRUTH));
  }

  /** Common noise of a round would hide 3% of difference; in pairs it cancels. */
  @Test
  void theRatioIsOfPairsMeasuredInTurn() {
    SimulatedMachine machine = new SimulatedMachine(3, 50, 0.1, 0.005);
    EnergyResult result =
        measure(
            machine,
            EnergySettings.usual(3),
            machine.workload("float", RUN_SECONDS, 200),
            machine.workload("int8", RUN_SECONDS / 2, 180));
    EnergyComparison.Ratio ratio = (EnergyComparison.Ratio) result.comparedTo(0).get(1);

    assertThat(ratio.value()).isCloseTo(0.45, within(0.01));
    assertThat(ratio.ci95().contains(0.45)).isTrue();
    assertThat(ratio.pairs()).isEqualTo(result.rounds());
    List<Integer> order = result.windows().stream().map(Window::workload).toList();
    assertThat(order.get(0)).as("A B, then B A").isEqualTo(order.get(3));
    assertThat(order.get(1)).isEqualTo(order.get(2));
  }

  @Test
  void disturbedWindowsAreTakenAgain() {
    SimulatedMachine machine = new SimulatedMachine(4, 50, 0.1, 0);
    int[] windows = {0};
    DisturbanceWatch steal =
        new DisturbanceWatch() {
          @Override
          public void begin() {}

          @Override
          public Optional<String> end() {
            // The first is the idle baseline.
            return windows[0]++ == 3 ? Optional.of("4% of the time was stolen") : Optional.empty();
          }
        };
    try (CounterMeter meter = machine.meter()) {
      EnergyResult result =
          new EnergyProtocol(meter, machine.time, EnergySettings.usual(4), List.of(steal), machine)
              .measure(List.of(machine.workload("a", RUN_SECONDS, 200)), Progress.NONE);
      Measured measured = (Measured) result.readings().get(0);

      assertThat(result.windows()).hasSize(6);
      assertThat(result.windows().get(2).counts()).isFalse();
      assertThat(result.windows().get(2).disturbances())
          .containsExactly("4% of the time was stolen");
      assertThat(measured.provenance().windows().rejected()).isEqualTo(1);
      assertThat(measured.provenance().windows().count()).isEqualTo(5);
      assertThat(measured.stable()).isTrue();
    }
  }

  @Test
  void whatIsDisturbedEveryTimeIsToldAndFlagged() {
    SimulatedMachine machine = new SimulatedMachine(5, 50, 0.1, 0);
    DisturbanceWatch always =
        new DisturbanceWatch() {
          @Override
          public void begin() {}

          @Override
          public Optional<String> end() {
            return Optional.of("throttled");
          }
        };
    try (CounterMeter meter = machine.meter()) {
      Measured measured =
          (Measured)
              new EnergyProtocol(
                      meter, machine.time, EnergySettings.quick(5), List.of(always), machine)
                  .measure(List.of(machine.workload("a", RUN_SECONDS, 200)), Progress.NONE)
                  .readings()
                  .get(0);

      assertThat(measured.stable()).isFalse();
      assertThat(measured.warnings()).anyMatch(w -> w.contains("throttled"));
    }
  }

  @Test
  void anImplausiblePowerIsAFaultAndNoEnergy() {
    SimulatedMachine machine = new SimulatedMachine(6, 50, 0.1, 0);
    int[] runs = {0};
    Workload honest = machine.workload("a", RUN_SECONDS, 200);
    Workload phantom =
        new Workload(
            "a",
            1,
            n -> {
              honest.load().run(n);
              runs[0] += (int) n;
              if (runs[0] > 10_000) {
                runs[0] = Integer.MIN_VALUE;
                machine.extraJoulesAtNextRead = 162_000; // what one peer's false wrap was worth
              }
            });
    EnergyResult result = measure(machine, EnergySettings.usual(6), phantom);
    Measured measured = (Measured) result.readings().get(0);

    assertThat(result.windows().stream().filter(w -> !w.counts()))
        .hasSize(1)
        .allMatch(w -> w.disturbances().get(0).contains("board claims"));
    assertThat(measured.joules()).isCloseTo(TRUTH, within(0.01 * TRUTH));
  }

  @Test
  void aCounterThatStandsStillIsUnavailableAndNotZero() {
    SimulatedMachine machine = new SimulatedMachine(7, 50, 0.1, 0);
    machine.still = true;
    EnergyReading reading =
        measure(machine, EnergySettings.usual(7), machine.workload("a", RUN_SECONDS, 200))
            .readings()
            .get(0);

    assertThat(reading).isInstanceOf(Unavailable.class);
    assertThat(((Unavailable) reading).reason()).contains("did not move");
  }

  @Test
  void aSensorThatVanishesLeavesWhatWasMeasured() {
    SimulatedMachine machine = new SimulatedMachine(8, 50, 0.1, 0);
    Workload early = machine.workload("a", RUN_SECONDS, 200);
    List<Window> seen = new ArrayList<>();
    WindowListener listener =
        new WindowListener() {
          @Override
          public void begins(int workload, int round) {}

          @Override
          public void ends(Window window) {
            seen.add(window);
            machine.gone |= seen.size() == 3;
          }
        };
    try (CounterMeter meter = machine.meter()) {
      EnergyResult result =
          new EnergyProtocol(meter, machine.time, EnergySettings.usual(8), List.of(), listener)
              .measure(List.of(early), Progress.NONE);
      Measured measured = (Measured) result.readings().get(0);

      assertThat(measured.provenance().windows().count()).isEqualTo(3);
      assertThat(measured.joules()).isCloseTo(TRUTH, within(0.01 * TRUTH));
      assertThat(measured.stable()).isFalse();
      assertThat(measured.warnings())
          .anyMatch(w -> w.contains("the sensor failed after 3 windows") && w.contains("lost"));
      Measured.Idle idle = measured.idle();
      assertThat(idle).as("the baseline before is there").isNotNull();
      assertThat(Objects.requireNonNull(idle).driftWatts()).as("the one after is not").isNull();
    }
  }

  @Test
  void aSensorThatWasNeverThereIsUnavailable() {
    SimulatedMachine machine = new SimulatedMachine(9, 50, 0.1, 0);
    try (CounterMeter meter = machine.meter()) {
      machine.gone = true;
      EnergyReading reading =
          new EnergyProtocol(meter, machine.time, EnergySettings.usual(9), List.of(), machine)
              .measure(List.of(machine.workload("a", RUN_SECONDS, 200)), Progress.NONE)
              .readings()
              .get(0);

      assertThat(((Unavailable) reading).reason()).contains("GPU is lost");
    }
  }

  /** Gone before a single block of the warm-up, which is over too soon to ask three times. */
  @Test
  void aSensorThatVanishesInTheWarmUpIsUnavailable() {
    SimulatedMachine machine = new SimulatedMachine(9, 50, 0.1, 0);
    Workload ends =
        new Workload(
            "a",
            1,
            runs -> {
              machine.gone = true;
              machine.time.pause(2_000_000_000L);
            });
    EnergySettings hasty = new EnergySettings(1, 0.1, 0.1, 2, 5, 0, 9);
    try (CounterMeter meter = machine.meter()) {
      EnergyReading reading =
          new EnergyProtocol(meter, machine.time, hasty, List.of(), machine)
              .measure(List.of(ends), Progress.NONE)
              .readings()
              .get(0);
      assertThat(((Unavailable) reading).reason()).contains("GPU is lost");
    }
  }

  /** A device that the model runs on may fail in the same words as a sensor. */
  static List<RuntimeException> failures() {
    return List.of(
        new IllegalStateException("NaN in the output"),
        new DeviceUnavailableException("NaN in the output: the GPU is gone"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void aModelThatFailsCostsItsOwnRowOnly(RuntimeException failure) {
    SimulatedMachine machine = new SimulatedMachine(10, 50, 0.1, 0);
    Workload good = machine.workload("good", RUN_SECONDS, 200);
    long[] left = {9_000};
    Workload bad =
        new Workload(
            "bad",
            1,
            runs -> {
              good.load().run(runs);
              left[0] -= runs;
              if (left[0] < 0) {
                throw failure;
              }
            });
    EnergyResult result = measure(machine, EnergySettings.usual(10), bad, good);

    assertThat(((Measured) result.readings().get(1)).stable()).isTrue();
    EnergyReading failed = result.readings().get(0);
    assertThat(failed.warnings()).anyMatch(w -> w.contains("NaN in the output"));
    assertThat(failed instanceof Measured m && m.stable()).isFalse();
  }

  @Test
  void cancellingEndsTheMeasurement() {
    SimulatedMachine machine = new SimulatedMachine(11, 50, 0.1, 0);
    long[] asked = {0};
    Progress progress =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return asked[0]++ > 500;
          }
        };
    try (CounterMeter meter = machine.meter()) {
      EnergyProtocol protocol =
          new EnergyProtocol(meter, machine.time, EnergySettings.usual(11), List.of(), machine);
      assertThatThrownBy(
              () -> protocol.measure(List.of(machine.workload("a", RUN_SECONDS, 200)), progress))
          .isInstanceOf(CancelledException.class);
    }
  }

  @Test
  void theEnergyIsASamplesAndNotABatchs() {
    SimulatedMachine machine = new SimulatedMachine(12, 50, 0.1, 0);
    Workload one = machine.workload("a", RUN_SECONDS, 200);
    Measured measured =
        (Measured)
            measure(machine, EnergySettings.usual(12), new Workload("a", 8, one.load()))
                .readings()
                .get(0);

    assertThat(measured.joules()).isCloseTo(TRUTH / 8, within(0.01 * TRUTH / 8));
  }
}
