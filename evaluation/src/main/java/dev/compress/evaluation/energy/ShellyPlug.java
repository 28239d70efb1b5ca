package dev.compress.evaluation.energy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.SampledPowerMeter;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

/**
 * A Shelly plug of the second generation or later, asked over HTTP in the local network: the only
 * source that sees the power supply's losses. Its power is integrated; its own counter of
 * watt-hours steps once a minute.
 */
final class ShellyPlug {
  /** The name by which it is asked for, with an address behind a colon. */
  static final String SOURCE = "shelly";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final double SAMPLING_SECONDS = 0.5;
  private static final double HIGHEST_WATTS = 4000;
  private static final int OK = 200;
  private static final int UNAUTHORIZED = 401;
  private static final int NOT_FOUND = 404;

  private final String address;
  private final TimeSource time;
  private final double samplingSeconds;

  /**
   * A plug.
   *
   * @param address host or host:port, and for a device with several switches /number
   * @param time for the samples
   */
  ShellyPlug(String address, TimeSource time) {
    this(address, time, SAMPLING_SECONDS);
  }

  ShellyPlug(String address, TimeSource time, double samplingSeconds) {
    this.address = address;
    this.time = time;
    this.samplingSeconds = samplingSeconds;
  }

  SensorFinding find() {
    try {
      URI uri = uri();
      double watts = watts(client(), uri);
      return new SensorFinding.Found(SOURCE, address + ", now " + watts + " W", () -> open(uri));
    } catch (IOException | IllegalArgumentException e) {
      return new SensorFinding.Unreadable(
          SOURCE,
          address + ": " + e.getMessage(),
          "Look at http://" + address + "/rpc/Switch.GetStatus?id=0 with a browser.");
    }
  }

  private static HttpClient client() {
    return HttpClient.newBuilder().connectTimeout(PATIENCE).build();
  }

  private URI uri() {
    int slash = address.indexOf('/');
    String host = slash < 0 ? address : address.substring(0, slash);
    int number = slash < 0 ? 0 : Integer.parseInt(address.substring(slash + 1));
    return URI.create("http://" + host + "/rpc/Switch.GetStatus?id=" + number);
  }

  private SampledPowerMeter open(URI uri) {
    HttpClient client = client();
    MeterTraits usual = MeterTraits.power(samplingSeconds);
    return new SampledPowerMeter(
        new MeterDescription(
            SOURCE,
            "Shelly plug at " + address,
            List.of("plug"),
            "all that hangs on the plug, the power supply's losses included",
            new MeterTraits(
                usual.kind(), 0, 0, samplingSeconds, HIGHEST_WATTS, usual.longestUnreadSeconds())),
        () -> new double[] {watts(client, uri)},
        time,
        () -> {});
  }

  private static double watts(HttpClient client, URI uri) throws IOException {
    HttpResponse<String> response;
    try {
      response =
          client.send(
              HttpRequest.newBuilder(uri).timeout(PATIENCE).build(),
              HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (IOException e) {
      throw new IOException(
          "no answer from "
              + uri.getAuthority()
              + (e.getMessage() == null || e.getMessage().contains(uri.getAuthority())
                  ? ""
                  : ": " + e.getMessage()),
          e);
    }
    if (response.statusCode() != OK) {
      throw new IOException(
          switch (response.statusCode()) {
            case UNAUTHORIZED -> "the plug asks for a password, which is not supported";
            case NOT_FOUND -> "no Shelly of the second generation or later, or no such switch";
            default -> "HTTP status " + response.statusCode();
          });
    }
    try {
      JsonNode power = JSON.readTree(response.body()).path("apower");
      if (!power.isNumber()) {
        throw new IOException("the answer has no apower");
      }
      return power.asDouble();
    } catch (JsonProcessingException e) {
      throw new IOException("the answer is no JSON", e);
    }
  }
}
