package dev.compress.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.metric.Interval;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class EnergyJsonTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Measured MEASURED =
      new Measured(
          0.5,
          new Interval(0.49, 0.51),
          0.012,
          new Measured.Idle(20, 0.1, 0.4, new Interval(0.38, 0.42)),
          List.of(0.5, 0.5),
          true,
          new Provenance(
              "rapl",
              "RAPL (powercap)",
              List.of("package-0", "dram-0"),
              "packages and memory",
              new Provenance.SensorTiming(Double.NaN, 6.1e-5, false),
              new Provenance.Windows(5, 1, 12345, 10.1)),
          List.of("a warning"));

  private static final Estimated ESTIMATED =
      new Estimated(0.00123456, 0.00234567, 0.00456789, "cpu-time", "cores", 7, List.of());

  private static JsonNode json(EnergyReading reading) throws JsonProcessingException {
    String text = JSON.writeValueAsString(EnergyJson.of(reading));
    assertThat(JSON.readValue(text, EnergyJson.class)).isEqualTo(EnergyJson.of(reading));
    return JSON.readTree(text);
  }

  @Test
  void aMeasurementHasTheKeysOfTheContract() throws JsonProcessingException {
    JsonNode json = json(MEASURED);

    assertThat(json.get("kind").asText()).isEqualTo("MEASURED");
    assertThat(json.get("energy_j").asDouble()).isEqualTo(0.5);
    assertThat(json.get("energy_net_j").asDouble()).isEqualTo(0.4);
    assertThat(json.get("energy_estimated_j").isNull()).isTrue();
    assertThat(json.get("ci95").get(1).asDouble()).isEqualTo(0.51);
    assertThat(json.get("source").asText()).isEqualTo("rapl");
    assertThat(json.get("domains")).hasSize(2);
    assertThat(json.get("idle_w").asDouble()).isEqualTo(20);
    assertThat(json.get("quantum_j").asDouble()).isEqualTo(6.1e-5);
    assertThat(json.get("update_period_s").isNull()).as("not seen, so null and not 0").isTrue();
    assertThat(json.get("windows").asInt()).isEqualTo(5);
    assertThat(json.get("inferences").asLong()).isEqualTo(12345);
    assertThat(json.get("scope").asText()).isEqualTo("packages and memory");
    assertThat(json.get("model").isNull()).isTrue();
    assertThat(json.get("reason").isNull()).isTrue();
    assertThat(json.get("warnings").get(0).asText()).isEqualTo("a warning");
  }

  @Test
  void anEstimateNeverLooksMeasured() throws JsonProcessingException {
    JsonNode json = json(ESTIMATED);

    assertThat(json.get("kind").asText()).isEqualTo("ESTIMATED");
    assertThat(json.get("energy_j").isNull()).isTrue();
    assertThat(json.get("energy_net_j").isNull()).isTrue();
    assertThat(json.get("ci95").isNull()).isTrue();
    assertThat(json.get("energy_estimated_j").asDouble()).isEqualTo(0.0023);
    assertThat(json.get("estimated_range_j").get(1).asDouble()).isEqualTo(0.0046);
    assertThat(json.get("model").asText()).isEqualTo("cpu-time");
  }

  @Test
  void theUnknownIsNullWithItsReason() throws JsonProcessingException {
    JsonNode json = json(new Unavailable("no sensor"));

    assertThat(json.get("kind").asText()).isEqualTo("UNAVAILABLE");
    assertThat(json.get("energy_j").isNull()).isTrue();
    assertThat(json.get("energy_estimated_j").isNull()).isTrue();
    assertThat(json.get("reason").asText()).isEqualTo("no sensor");
  }

  /** What could be added or divided across kinds must not exist. */
  @Test
  void theKindsHaveNoNumberInCommon() {
    assertThat(Arrays.stream(EnergyReading.class.getMethods()).map(Method::getReturnType))
        .doesNotContain((Class) double.class, (Class) Double.class);
    assertThat(Arrays.stream(Estimated.class.getMethods()).map(Method::getName))
        .doesNotContain("joules", "energyJ");
    assertThat(Arrays.stream(Measured.class.getMethods()).map(Method::getReturnType))
        .doesNotContain((Class) Estimated.class);
    assertThat(Arrays.stream(Estimated.class.getMethods()).map(Method::getReturnType))
        .doesNotContain((Class) Measured.class);
  }

  @Test
  void theEnergyOfARunIsMeasuredOrEstimatedOrUnknown() throws JsonProcessingException {
    assertThat(RunEnergy.unavailable(3, "no sensor").energyJ()).isNull();
    RunEnergy estimated = RunEnergy.estimated(ESTIMATED, 7);
    String text = JSON.writeValueAsString(estimated);
    assertThat(JSON.readValue(text, RunEnergy.class)).isEqualTo(estimated);
    JsonNode json = JSON.readTree(text);
    assertThat(json.get("kind").asText()).isEqualTo("ESTIMATED");
    assertThat(json.get("energy_j").isNull()).as("an estimate is never called measured").isTrue();
    assertThat(json.get("energy_estimated_j").asDouble()).isEqualTo(0.0023);
    assertThat(json.get("estimated_range_j").get(1).asDouble()).isEqualTo(0.0046);
    assertThat(json.get("model").asText()).isEqualTo("cpu-time");
    for (String wrong :
        List.of(
            text.replace("ESTIMATED", "MEASURED"),
            text.replace("\"energy_j\":null", "\"energy_j\":1.0"),
            text.replace("0.0046", "0.0001"),
            text.replace("\"model\":\"cpu-time\"", "\"model\":null"),
            text.replace("0.0012", "-1"))) {
      assertThat(wrong).isNotEqualTo(text);
      assertThatThrownBy(() -> JSON.readValue(wrong, RunEnergy.class))
          .hasRootCauseInstanceOf(IllegalArgumentException.class);
    }
  }
}
