package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.onnx.OnnxWriter;
import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
  @ParameterizedTest
  @CsvSource({
    "cpu, cpu",
    "CUDA, cuda:0",
    "cuda:0, cuda:0",
    "cuda:3, cuda:3",
    "TensorRT:1, tensorrt:1"
  })
  void isReadAndWritten(String text, String written) {
    assertThat(Device.parse(text)).hasToString(written);
    assertThat(Device.parse(written)).isEqualTo(Device.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpu", "cuda:", "cuda:-1", "cpu:0", "cuda:12345", "", "cuda 0"})
  void refusesWhatIsNone(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.parse(text))
        .withMessageContaining("cpu, cuda[:N] and tensorrt[:N] are devices");
  }

  @Test
  void hasAnIndexOnlyWhereThereMayBeSeveral() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Device(Device.Kind.CPU, 1));
    assertThat(Device.parse("tensorrt").isGpu()).isTrue();
    assertThat(Device.CPU.isGpu()).isFalse();
  }

  /** The build for the processor has neither: the runtime itself must say so, at once. */
  @ParameterizedTest
  @EnumSource(ExecutionProvider.Kind.class)
  void aProviderThatTheRuntimeLacksIsNamed(ExecutionProvider.Kind kind) {
    assumeTrue(
        RuntimeInfo.get().providers().stream().noneMatch(p -> p.contains("CUDA")),
        "this ONNX Runtime is a build for GPUs");
    byte[] model =
        OnnxWriter.toBytes(
            new TinyModels()
                .input("x", ElementType.FLOAT, 2)
                .node("Relu", "r", List.of("x"), List.of("y"))
                .output("y", ElementType.FLOAT, 2)
                .build());
    SessionOptions options =
        SessionOptions.of(1)
            .withProviders(List.of(new ExecutionProvider(kind, Map.of("device_id", "0"))));
    assertThatThrownBy(() -> InferenceSession.open(model, options, "tiny"))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining(kind.title());
  }
}
