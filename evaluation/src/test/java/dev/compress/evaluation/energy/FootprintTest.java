package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.energy.EnergyReading;
import dev.compress.energy.Estimated;
import dev.compress.energy.Measured;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RunEnergy;
import dev.compress.energy.Unavailable;
import dev.compress.evaluation.energy.Footprint.Rates;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FootprintTest {
  private static final Estimated ESTIMATED =
      new Estimated(1, 2, 4, "cpu-time", "cores", 10, List.of());

  private static RunEnergy run(double joules, double seconds) {
    return RunEnergy.measured(
        joules,
        seconds,
        new MeterDescription("rapl", "RAPL", EnergyReadings.DOMAINS, "test", MeterTraits.power(1)));
  }

  @Test
  void everyCountryHasASaneFigureWithYearSourceAndLicence() {
    List<GridIntensity> all = GridIntensity.all();

    assertThat(all).hasSizeGreaterThan(45);
    assertThat(all).allMatch(g -> g.gramsPerKwh() >= 20 && g.gramsPerKwh() <= 800);
    assertThat(all).allMatch(g -> g.year() >= 2020 && g.year() <= 2025);
    assertThat(all).allMatch(g -> g.source().contains("Ember") && g.source().contains("CC BY 4.0"));
    assertThat(all.stream().map(GridIntensity::code).collect(Collectors.toSet()))
        .hasSameSizeAs(all);
  }

  @Test
  void countriesAreFoundByLettersOrNameAndGramsAreTaken() {
    assertThat(GridIntensity.parse("FRA").gramsPerKwh()).isEqualTo(56);
    assertThat(GridIntensity.parse("fr").gramsPerKwh()).isEqualTo(56);
    assertThat(GridIntensity.parse("france").gramsPerKwh()).isEqualTo(56);
    assertThat(GridIntensity.parse("SWE").gramsPerKwh()).isEqualTo(40.7);
    assertThat(GridIntensity.parse("123.5").gramsPerKwh()).isEqualTo(123.5);
    assertThat(GridIntensity.parse("0").gramsPerKwh()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Atlantis", "", "-5", "1e999", "NaN"})
  void whatIsNeitherIsAMistake(String text) {
    assertThatThrownBy(() -> GridIntensity.parse(text))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void gramsAndCostOfASample() {
    Rates rates = new Rates(GridIntensity.ofGrams(381), 1.2, 0.30);
    Footprint.OfMeasured one = (Footprint.OfMeasured) rates.of(EnergyReadings.measured(3.6, 0.01));

    assertThat(one.grams()).isCloseTo(1e-6 * 1.2 * 381, within(1e-12));
    assertThat(one.cost()).isCloseTo(1e-6 * 1.2 * 0.30, within(1e-15));
    Footprint.OfMeasured none =
        (Footprint.OfMeasured) new Rates(null, 1, null).of(EnergyReadings.measured(3.6, 0.01));
    assertThat(none.grams()).isNull();
    assertThat(none.cost()).isNull();
  }

  @Test
  void anEstimatesFootprintIsAnEstimateAndTheUnknownsUnknown() {
    Rates rates = new Rates(GridIntensity.ofGrams(360), 1, null);
    Footprint.OfEstimated estimated = (Footprint.OfEstimated) rates.of(ESTIMATED);

    assertThat(estimated.low().estimatedGrams()).isCloseTo(1e-4, within(1e-12));
    assertThat(estimated.high().estimatedGrams()).isCloseTo(4e-4, within(1e-12));
    assertThat(rates.of(new Unavailable("no sensor")))
        .isEqualTo(new Footprint.Unknown("no sensor"));
  }

  /**
   * Strubell et al. 2019, table 3: the base Transformer took 1415.78 W for 12 hours; with their PUE
   * of 1.58 and 0.954 pounds a kilowatt-hour they print 27 kWh and 26 pounds.
   */
  @Test
  void aTrainingRunIsReckonedAsStrubellDoes() {
    double seconds = 12 * 3600;
    double poundGrams = 453.592;
    Rates rates = new Rates(GridIntensity.ofGrams(0.954 * poundGrams), 1.58, null);
    RunEnergy training = run(1415.78 * seconds, seconds);
    Footprint.OfMeasured footprint = (Footprint.OfMeasured) rates.of(training);

    assertThat(Math.rint(rates.kilowattHours(Objects.requireNonNull(training.energyJ()))))
        .isEqualTo(27);
    assertThat(Math.rint(Objects.requireNonNull(footprint.grams()) / poundGrams)).isEqualTo(26);
    assertThat(rates.of(RunEnergy.unavailable(3, "no sensor")))
        .isEqualTo(new Footprint.Unknown("no sensor"));
  }

  @Test
  void impossibleRatesAreMistakes() {
    assertThatThrownBy(() -> new Rates(null, 0.9, null)).hasMessageContaining("PUE");
    assertThatThrownBy(() -> new Rates(null, Double.NaN, null)).hasMessageContaining("PUE");
    assertThatThrownBy(() -> new Rates(null, 1, -1.0)).hasMessageContaining("price");
  }

  @Test
  void theCompressionIsPaidBack() {
    Measured baseline = EnergyReadings.measured(0.5, 0.01);
    Measured variant = EnergyReadings.measured(0.2, 0.01);
    BreakEven.After after = (BreakEven.After) BreakEven.of(run(3000, 60), baseline, variant);

    assertThat(after.inferences()).isCloseTo(10_000, within(2L));
    assertThat(after.ci95().contains(10_000)).isTrue();
    assertThat(after.ci95().low()).isGreaterThan(9_000);
    assertThat(after.ci95().high()).isLessThan(11_000);
  }

  @Test
  void whatCannotBePaidBackHasItsReason() {
    Measured baseline = EnergyReadings.measured(0.5, 0.01);
    assertThat(reason(run(1, 1), baseline, EnergyReadings.measured(0.5001, 0.01)))
        .contains("does not save");
    assertThat(reason(run(1, 1), baseline, ESTIMATED)).contains("not compared");
    assertThat(reason(RunEnergy.unavailable(1, "no sensor"), baseline, baseline))
        .contains("no sensor");
    Measured gpu = EnergyReadings.measured("nvml", List.of("gpu-0"), 0.5, 0.01);
    assertThat(reason(run(1, 1), gpu, gpu)).contains("metered by rapl over [package-0, dram-0]");
  }

  /**
   * Twice the time for the float model: a compression of 100 s is paid back in 100 / 0.001 runs.
   */
  @Test
  void byEstimatesOfOneModelItIsPaidBackInProcessorTime() {
    Estimated whole = new Estimated(100, 200, 400, "cpu-time", "cores", 1, List.of());
    Estimated slow = new Estimated(0.002, 0.004, 0.008, "cpu-time", "cores", 9, List.of());
    Estimated fast = new Estimated(0.001, 0.002, 0.005, "cpu-time", "cores", 9, List.of());
    RunEnergy run = RunEnergy.estimated(whole, 100);

    assertThat(BreakEven.of(run, slow, fast))
        .isEqualTo(new BreakEven.EstimatedAfter(100_000, 100_000, 130_000));
    assertThat(reason(run, fast, slow)).contains("does not save");
    assertThat(reason(run, slow, slow)).contains("does not save");
    Measured measured = EnergyReadings.measured(0.5, 0.01);
    assertThat(reason(run, measured, EnergyReadings.measured(0.2, 0.01)))
        .contains("compression was estimated and that of the inferences measured");
    assertThat(reason(run(1, 1), slow, fast))
        .contains("compression was measured and that of the inferences estimated");
    assertThat(reason(run, measured, fast)).contains("not compared");
    Estimated other = new Estimated(0.001, 0.002, 0.005, "other", "cores", 9, List.of());
    assertThat(reason(run, other, other)).contains("estimated by cpu-time");
    Footprint.OfEstimated carbon =
        (Footprint.OfEstimated) new Rates(GridIntensity.ofGrams(360), 1, null).of(run);
    assertThat(carbon.central().estimatedGrams()).isCloseTo(0.02, within(1e-12));
    assertThat(carbon.high().estimatedGrams()).isCloseTo(0.04, within(1e-12));
  }

  private static String reason(RunEnergy run, EnergyReading a, EnergyReading b) {
    return ((BreakEven.Never) BreakEven.of(run, a, b)).reason();
  }

  @Test
  void kindsAreNeverMixedInARatio() {
    Measured measured = EnergyReadings.measured(0.5, 0.01);
    assertThat(noRatio(measured, ESTIMATED)).contains("have no ratio");
    assertThat(noRatio(ESTIMATED, ESTIMATED))
        .isEqualTo(
            "Both energies are scaled from CPU time alone: this is a latency ratio, not an energy"
                + " finding.");
    assertThat(noRatio(new Unavailable("gone"), measured)).contains("gone");
    Measured gpu = EnergyReadings.measured("nvml", List.of("gpu-0"), 0.5, 0.01);
    assertThat(noRatio(measured, gpu)).contains("hold different things");
  }

  private static String noRatio(EnergyReading a, EnergyReading b) {
    return ((EnergyComparison.NoRatio) EnergyComparison.of(a, b)).reason();
  }
}
