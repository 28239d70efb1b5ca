package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.jna.NativeLibrary;
import dev.compress.energy.DisturbanceWatch;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.energy.EnergyMeterProvider.Request;
import dev.compress.energy.Mark;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import dev.compress.error.DeviceUnavailableException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a library that gcc makes of a stub, in the place of the driver's. */
class NvmlMetersTest {
  private static final int LOST = 0;
  private static final int ENERGY_CODE = 1;
  private static final int POWER_CODE = 2;
  private static final int REASONS = 3;
  private static final int OTHER_PROCESS = 4;
  private static final int SHUTDOWNS = 5;
  private static final Map<String, String> BY_BUS = Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
  private static final long SECOND = 1_000_000_000L;

  @TempDir static Path folder;

  private final TimeSource time = TimeSource.system();

  /** Each stub has a file of its own: a library that is loaded stays loaded. */
  private static String stub(String name, String... defines) throws Exception {
    return GccLibrary.ofResource("nvml_stub.c", folder, "lib" + name + ".so", defines).toString();
  }

  private static void set(String library, int what, long value) {
    NativeLibrary.getInstance(library)
        .getFunction("stub_set")
        .invokeVoid(new Object[] {what, value});
  }

  private static long get(String library, int what) {
    return NativeLibrary.getInstance(library)
        .getFunction("stub_get")
        .invokeLong(new Object[] {what});
  }

  private SensorFinding find(String library) {
    return new NvmlMeters(library, BY_BUS).find(new Request(0, time)).get(0);
  }

  @Test
  void theCounterOfJoulesIsReadAndTheDeviceIsCudas() throws Exception {
    String library = stub("counter");
    SensorFinding.Found found = (SensorFinding.Found) find(library);
    assertThat(found.detail()).isEqualTo("Stub 9000, a counter of joules");
    long before = get(library, SHUTDOWNS);
    try (EnergyMeter meter = found.opener().open()) {
      assertThat(meter.description().domains())
          .as("CUDA's first by bus is NVML's second")
          .containsExactly("gpu-1");
      assertThat(meter.description().title()).contains("00000000:01:00.0");
      Mark start = meter.mark();
      time.pause(SECOND / 2);
      Mark end = meter.mark();
      double seconds = (end.nanos() - start.nanos()) / 1e9;

      assertThat(meter.joulesBetween(start, end).get(0))
          .as("within a tick of 20 J")
          .isCloseTo(200 * seconds, within(20.5));
      assertThat(meter.description().traits().kind()).isEqualTo(MeterTraits.Kind.COUNTER);
    }
    assertThat(get(library, SHUTDOWNS)).isEqualTo(before + 1);
  }

  @Test
  void theGpuThatRunsTheModelIsFoundByItsPlace() throws Exception {
    String library = stub("place");
    for (String place : List.of("0000:81:00.0", "00000000:81:00.0", "0:81:00.0")) {
      SensorFinding finding =
          new NvmlMeters(library, Map.of()).find(new Request(1, place, time)).get(0);
      try (EnergyMeter meter = ((SensorFinding.Found) finding).opener().open()) {
        assertThat(meter.description().domains()).containsExactly("gpu-0");
      }
    }
    SensorFinding none =
        new NvmlMeters(library, BY_BUS).find(new Request(0, "0000:02:00.0", time)).get(0);
    assertThat(none.detail()).contains("NVML shows no GPU at 0000:02:00.0");
    SensorFinding slice =
        new NvmlMeters(library, Map.of("CUDA_VISIBLE_DEVICES", "MIG-1"))
            .find(new Request(0, "0000:81:00.0", time))
            .get(0);
    assertThat(slice.detail()).contains("slice of a GPU");
  }

  @Test
  void aGpuThatIsLostIsAnErrorAndNoZero() throws Exception {
    String library = stub("lost");
    try (EnergyMeter meter = ((SensorFinding.Found) find(library)).opener().open()) {
      meter.mark();
      set(library, LOST, 1);
      assertThatThrownBy(meter::mark)
          .isInstanceOf(DeviceUnavailableException.class)
          .hasMessageContaining("GPU is lost");
    }
    assertThat(((SensorFinding.Unreadable) find(library)).advice()).contains("restart");
  }

  @Test
  void withoutACounterThePowerIsIntegrated() throws Exception {
    for (String library : List.of(stub("nosymbol", "-DNO_ENERGY"), stub("nosupport"))) {
      if (library.contains("nosupport")) {
        set(library, ENERGY_CODE, NvmlException.NOT_SUPPORTED);
      }
      SensorFinding.Found found = (SensorFinding.Found) find(library);
      assertThat(found.detail()).contains("its power only");
      try (EnergyMeter meter = found.opener().open()) {
        Mark start = meter.mark();
        time.pause(SECOND / 5);
        Mark end = meter.mark();
        double seconds = (end.nanos() - start.nanos()) / 1e9;

        assertThat(meter.joulesBetween(start, end).get(0)).isCloseTo(200 * seconds, within(1e-3));
        assertThat(meter.description().traits().kind()).isEqualTo(MeterTraits.Kind.POWER);
      }
    }
  }

  @Test
  void whereOnlyTheModuleTellsItsPowerTheScopeSaysSo() throws Exception {
    String library = stub("module");
    set(library, ENERGY_CODE, NvmlException.NOT_SUPPORTED);
    set(library, POWER_CODE, NvmlException.NOT_SUPPORTED);
    try (EnergyMeter meter = ((SensorFinding.Found) find(library)).opener().open()) {
      Mark start = meter.mark();
      time.pause(SECOND / 5);
      Mark end = meter.mark();

      assertThat(meter.joulesBetween(start, end).get(0))
          .isCloseTo(450 * (end.nanos() - start.nanos()) / 1e9, within(1e-3));
      assertThat(meter.description().domains()).containsExactly("gpu-1-module");
      assertThat(meter.description().scope()).contains("with its processor");
    }
  }

  @Test
  void whatTheDriverAnswersBecomesAdvice() throws Exception {
    assertThat(find(stub("unloaded", "-DINIT_CODE=9")))
        .isEqualTo(
            new SensorFinding.Unreadable(
                "nvml", "nvmlInit_v2: Driver Not Loaded", "sudo modprobe nvidia"));
    assertThat(((SensorFinding.Unreadable) find(stub("mismatch", "-DINIT_CODE=18"))).advice())
        .contains("restart the machine");
    String forbidden = stub("forbidden");
    set(forbidden, ENERGY_CODE, NvmlException.NO_PERMISSION);
    assertThat(((SensorFinding.Unreadable) find(forbidden)).advice()).contains("/dev/nvidia");
  }

  @Test
  void aMissingLibraryIsNoSensor() {
    SensorFinding finding = find("libno-such-driver.so.1");

    assertThat(finding).isInstanceOf(SensorFinding.Absent.class);
    assertThat(finding.detail()).contains("no NVIDIA driver");
  }

  @Test
  void throttlingAndOtherProcessesDisturb() throws Exception {
    String library = stub("disturbed");
    assertThat(new NvmlMeters(library, BY_BUS).watches(new Request(0, time))).hasSize(1);
    assertThat(new NvmlMeters(library, BY_BUS).watches(new Request(-1, time))).isEmpty();
    Nvml nvml = Nvml.open(library);
    DisturbanceWatch watch = new GpuDisturbances(nvml.device(0), pid -> pid == 4242);
    watch.begin();
    assertThat(watch.end()).isEmpty();
    set(library, REASONS, 0x4); // a power cap that was set
    watch.begin();
    assertThat(watch.end()).isEmpty();
    set(library, REASONS, 0x40);
    assertThat(watch.end()).hasValueSatisfying(text -> assertThat(text).contains("heat"));
    set(library, REASONS, 0);
    set(library, OTHER_PROCESS, 777);
    watch.begin();
    assertThat(watch.end()).hasValueSatisfying(text -> assertThat(text).contains("process 777"));
    DisturbanceWatch elsewhere = new GpuDisturbances(nvml.device(0), pid -> pid == 1);
    elsewhere.begin();
    assertThat(elsewhere.end()).as("in a container, numbers mean nothing").isEmpty();
    nvml.close();
  }

  @Test
  void itIsFoundByServiceLoader() {
    List<EnergyMeterProvider> providers = new ArrayList<>();
    ServiceLoader.load(EnergyMeterProvider.class).forEach(providers::add);

    assertThat(providers).hasAtLeastOneElementOfType(NvmlMeters.class);
    assertThat(providers.get(0).find(Request.cpu())).isNotEmpty();
  }
}
