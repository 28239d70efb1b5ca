package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.gpu.CudaDevices.Gpu;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CudaDevicesTest {
  private static final Gpu LATE = new Gpu(0, "GPU-aaaa-1", "00000000:81:00.0");
  private static final Gpu EARLY = new Gpu(1, "GPU-bbbb-2", "00000000:01:00.0");
  private static final Gpu MIDDLE = new Gpu(2, "GPU-aaab-3", "00000000:41:00.0");
  private static final List<Gpu> ALL = List.of(LATE, EARLY, MIDDLE);

  private static Gpu find(int cuda, String... environment) throws NvmlException {
    return CudaDevices.find(
        cuda,
        ALL,
        environment.length == 0
            ? Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
            : Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES", environment[0]));
  }

  @Test
  void byTheOrderOfTheBuses() throws NvmlException {
    assertThat(find(0)).isEqualTo(EARLY);
    assertThat(find(1)).isEqualTo(MIDDLE);
    assertThat(find(2)).isEqualTo(LATE);
    assertThatThrownBy(() -> find(3)).hasMessageContaining("among the 3 GPUs");
  }

  @Test
  void byTheVisibleDevices() throws NvmlException {
    assertThat(find(0, "2,0")).isEqualTo(LATE);
    assertThat(find(1, "2,0")).isEqualTo(EARLY);
    assertThat(find(1, "GPU-aaaa-1, GPU-bbbb")).isEqualTo(EARLY);
    assertThatThrownBy(() -> find(1, "2,9,0")).hasMessageContaining("among the 1 GPUs");
    assertThatThrownBy(() -> find(0, "GPU-aaa")).as("ambiguous").isInstanceOf(NvmlException.class);
    assertThatThrownBy(() -> find(0, "")).hasMessageContaining("among the 0 GPUs");
  }

  @Test
  void aSliceHasNoMeter() {
    assertThatThrownBy(() -> find(0, "MIG-1234")).hasMessageContaining("slice of a GPU");
  }

  @Test
  void withoutAnOrderSeveralGpusCannotBeTold() throws NvmlException {
    assertThatThrownBy(() -> CudaDevices.find(0, ALL, Map.of()))
        .hasMessageContaining("CUDA_DEVICE_ORDER=PCI_BUS_ID");
    assertThatThrownBy(() -> CudaDevices.find(0, ALL, Map.of("CUDA_VISIBLE_DEVICES", "1")))
        .hasMessageContaining("CUDA_DEVICE_ORDER=PCI_BUS_ID");
    assertThat(CudaDevices.find(0, List.of(LATE), Map.of())).isEqualTo(LATE);
    assertThat(CudaDevices.find(0, ALL, Map.of("CUDA_VISIBLE_DEVICES", "GPU-bbbb-2")))
        .isEqualTo(EARLY);
  }
}
