package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.runtime.Device;
import dev.compress.runtime.DeviceRuntime;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuRuntimeTest {
  @TempDir Path folder;

  private DeviceRuntime runtime() {
    return new GpuRuntime(
        folder.resolve("root"), Map.of("COMPRESS_CACHE", "/cache"), "libno-such-cuda.so.1");
  }

  private Path model(String name, List<Node> nodes, Initializer... initializers)
      throws IOException {
    ValueType type = ValueType.tensor(ElementType.FLOAT);
    Graph graph =
        Graph.of(
            "g",
            nodes,
            List.of(initializers),
            List.of(ValueInfo.of("x", type)),
            List.of(ValueInfo.of("y", type)));
    return Files.write(folder.resolve(name), OnnxWriter.toBytes(OnnxModel.of(8, 17, graph)));
  }

  private Map<String, String> tensorRt(Path model) {
    List<ExecutionProvider> providers = runtime().providers(Device.parse("tensorrt:1"), model);
    assertThat(providers)
        .extracting(ExecutionProvider::kind)
        .as("what fits no engine runs in CUDA kernels of the same GPU")
        .containsExactly(ExecutionProvider.Kind.TENSORRT, ExecutionProvider.Kind.CUDA);
    assertThat(providers).allMatch(p -> p.deviceId() == 1);
    return providers.get(0).options();
  }

  @Test
  void itIsFoundByServiceLoader() {
    assertThat(DeviceRuntime.of(Device.parse("cuda"))).isInstanceOf(GpuRuntime.class);
    assertThat(DeviceRuntime.of(Device.parse("tensorrt:3"))).isInstanceOf(GpuRuntime.class);
    assertThat(DeviceRuntime.find(Device.Kind.CPU)).isEmpty();
  }

  @Test
  void withoutAnythingTheDeviceIsUnavailableAndTheRemedyNamed() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "GPUs are used on Linux on x86-64 only");
    assertThatThrownBy(() -> runtime().setup(Device.parse("cuda:1"), Optional.empty()))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageStartingWith("cuda:1 cannot be used here: no NVIDIA driver: libcuda.so.1")
        .hasMessageContaining("--natives");
    assertThatThrownBy(() -> runtime().identify(Device.parse("cuda")))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("no NVIDIA driver");
  }

  @Test
  void childrenCountByBusAndLoadTheNamedNatives() {
    DeviceRuntime.Setup setup =
        new GpuRuntime(folder, Map.of("LD_LIBRARY_PATH", "/mine"), "libcuda.so.1")
            .surroundings(Device.Kind.CUDA, Optional.of(folder));
    assertThat(setup.environment())
        .containsEntry("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        .containsEntry("LD_LIBRARY_PATH", folder + ":/mine");
    assertThat(setup.properties()).isEqualTo(Map.of("onnxruntime.native.path", folder.toString()));
  }

  @Test
  void cudaIsToldAllThatIsNotAsItHasIt() throws IOException {
    Path model = model("float", List.of(Node.of("Relu", "r", List.of("x"), List.of("y"))));
    List<ExecutionProvider> providers = runtime().providers(Device.parse("cuda:2"), model);
    assertThat(providers).hasSize(1);
    assertThat(providers.get(0).options())
        .containsEntry("device_id", "2")
        .containsEntry("cudnn_conv_algo_search", "EXHAUSTIVE")
        .containsEntry("use_tf32", "1");
    assertThat(providers.get(0).kind().title()).isEqualTo("CUDAExecutionProvider");
  }

  @Test
  void tensorRtMayUseOnlyThePrecisionThatTheModelIsIn() throws IOException {
    Node relu = Node.of("Relu", "r", List.of("a"), List.of("y"));
    Map<String, String> plain =
        tensorRt(
            model(
                "float",
                List.of(Node.of("Mul", "m", List.of("x", "w"), List.of("a")), relu),
                Initializer.of("w", Tensor.ofFloats(Shape.scalar(), 2f))));
    assertThat(plain)
        .containsEntry("trt_int8_enable", "0")
        .containsEntry("trt_fp16_enable", "0")
        .containsEntry("trt_engine_cache_enable", "1");
    assertThat(plain.get("trt_engine_cache_path")).startsWith("/cache/tensorrt/");

    ByteBuffer half = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
    half.putShort(Float16.fromFloat(2f));
    Map<String, String> fp16 =
        tensorRt(
            model(
                "half",
                List.of(
                    Node.of("Cast", "c", List.of("x"), List.of("h"), toFloat16()),
                    Node.of("Mul", "m", List.of("h", "w"), List.of("y"))),
                Initializer.of(
                    "w", Tensor.ofBytes(ElementType.FLOAT16, Shape.scalar(), half.array()))));
    assertThat(fp16).containsEntry("trt_fp16_enable", "1").containsEntry("trt_int8_enable", "0");

    Initializer scale = Initializer.of("s", Tensor.ofFloats(Shape.scalar(), 0.1f));
    Map<String, String> int8 =
        tensorRt(
            model(
                "int8",
                List.of(
                    Node.of("QuantizeLinear", "q", List.of("x", "s"), List.of("xq")),
                    Node.of("DequantizeLinear", "d", List.of("xq", "s"), List.of("a")),
                    relu),
                scale));
    assertThat(int8).containsEntry("trt_int8_enable", "1").containsEntry("trt_fp16_enable", "0");
    assertThat(int8.get("trt_engine_cache_path"))
        .as("an engine is one model's")
        .isNotEqualTo(plain.get("trt_engine_cache_path"));
  }

  private static dev.compress.graph.Attribute toFloat16() {
    return dev.compress.graph.Attribute.of("to", 10L);
  }
}
