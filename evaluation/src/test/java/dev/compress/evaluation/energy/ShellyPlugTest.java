package dev.compress.evaluation.energy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpServer;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.Mark;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a server on this machine that answers as a plug does. */
class ShellyPlugTest {
  private HttpServer server;
  private volatile int status = 200;
  private volatile String body =
      "{\"id\":0, \"source\":\"init\", \"output\":true, \"apower\":23.5, \"voltage\":230.1,"
          + " \"current\":0.1, \"aenergy\":{\"total\":1234.567,\"by_minute\":[1.0,2.0,3.0],"
          + "\"minute_ts\":1700000000}, \"temperature\":{\"tC\":40.0, \"tF\":104.0}}";

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/rpc/Switch.GetStatus",
        exchange -> {
          boolean known = "id=0".equals(exchange.getRequestURI().getQuery());
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(known ? status : 404, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private ShellyPlug plug(String switchNumber) {
    String address = "127.0.0.1:" + server.getAddress().getPort() + switchNumber;
    return new ShellyPlug(address, TimeSource.system(), 0.02);
  }

  @Test
  void itsPowerIsIntegrated() {
    SensorFinding.Found found = (SensorFinding.Found) plug("").find();
    assertThat(found.detail()).contains("23.5 W");
    TimeSource time = TimeSource.system();
    try (EnergyMeter meter = found.opener().open()) {
      Mark start = meter.mark();
      time.pause(300_000_000);
      Mark end = meter.mark();
      double seconds = (end.nanos() - start.nanos()) / 1e9;

      assertThat(meter.joulesBetween(start, end).get(0)).isCloseTo(23.5 * seconds, within(1e-6));
      assertThat(meter.description().scope()).contains("power supply's losses included");
    }
  }

  @Test
  void whatItAnswersOtherwiseIsSaid() {
    body = "{\"id\":0,\"output\":true}";
    assertThat(detail(plug("/0"))).contains("the answer has no apower");
    body = "<html>";
    assertThat(detail(plug(""))).contains("the answer is no JSON");
    status = 401;
    assertThat(detail(plug(""))).contains("asks for a password");
    assertThat(detail(plug("/1"))).contains("no such switch");
    assertThat(detail(plug("/one"))).contains("one");
    server.stop(0);
    assertThat(detail(plug(""))).contains("no answer from 127.0.0.1");
  }

  private static String detail(ShellyPlug plug) {
    return ((SensorFinding.Unreadable) plug.find()).detail();
  }

  @Test
  void aPlugThatVanishesIsAnErrorAndNoZero() {
    TimeSource time = TimeSource.system();
    SensorFinding.Found found = (SensorFinding.Found) plug("").find();
    try (EnergyMeter meter = found.opener().open()) {
      status = 500;
      time.pause(200_000_000);

      assertThatThrownBy(meter::mark).hasMessageContaining("HTTP status 500");
    }
  }
}
