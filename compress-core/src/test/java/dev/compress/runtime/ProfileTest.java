package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which provider each node ran on, by the runtime's own profile. */
class ProfileTest {
  @TempDir Path folder;

  private static String event(String name, String op, String provider, int micros) {
    return """
        {"cat":"Node","pid":1,"tid":1,"dur":%d,"ts":10,"ph":"X","name":"%s_kernel_time",
         "args":{"op_name":"%s","provider":"%s","node_index":"3",
                 "output_type_shape":[{"float":[1,64,56,56]}],"thread_scheduling_stats":""}}"""
        .formatted(micros, name, op, provider);
  }

  /** In the form of a run on a GPU: the session's events, a kernel's own, and a fallback. */
  private KernelReport onGpu() throws IOException {
    String cuda = ExecutionProvider.Kind.CUDA.title();
    Path file =
        Files.writeString(
            folder.resolve("gpu.json"),
            "["
                + String.join(
                    ",\n",
                    "{\"cat\":\"Session\",\"dur\":9,\"name\":\"model_run\",\"args\":{}}",
                    event("Memcpy_in", "MemcpyFromHost", cuda, 11),
                    event("conv1", "Conv", cuda, 30),
                    event("conv1", "Conv", cuda, 20),
                    "{\"cat\":\"Kernel\",\"dur\":7,\"name\":\"void cudnn::kernel<float>(int)\","
                        + "\"args\":{\"stream\":\"7\",\"grid_x\":\"4\"}}",
                    "{\"cat\":\"Node\",\"dur\":1,\"name\":\"conv1_fence_before\","
                        + "\"args\":{\"op_name\":\"Conv\"}}",
                    event("conv2", "Conv", cuda, 20),
                    event("Memcpy_out", "MemcpyToHost", cuda, 5),
                    event("nms", "NonMaxSuppression", "CPUExecutionProvider", 80),
                    event("trt", "TRTKernel_graph_main_1", "TensorrtExecutionProvider", 90))
                + "]");
    List<Kernel> kernels =
        Profile.read(file).stream()
            .map(
                e ->
                    new Kernel(
                        e.op(),
                        "",
                        e.op(),
                        Kernels.arithmetic(e.op(), e.outputs()),
                        0,
                        e.outputs().get(0).shape().elementCount(),
                        e.nanos(),
                        e.provider()))
            .toList();
    return new KernelReport(kernels, List.of(), 0, List.of());
  }

  @Test
  void nodesAreCountedByProviderAndCopiesApart() throws IOException {
    KernelReport report = onGpu();
    assertThat(report.providers())
        .isEqualTo(
            Map.of(
                "CUDAExecutionProvider", Map.of("Conv", 2),
                "CPUExecutionProvider", Map.of("NonMaxSuppression", 1),
                "TensorrtExecutionProvider", Map.of("TRTKernel_graph_main_1", 1)));
    assertThat(report.deviceCopies()).isEqualTo(2);
    Optional<Kernel> first =
        report.kernels().stream().filter(k -> k.op().equals("Conv")).findFirst();
    assertThat(first.orElseThrow().nanos()).as("both runs of the node").isEqualTo(50_000);
    assertThat(first.orElseThrow().elements()).isEqualTo(64L * 56 * 56);
  }

  @Test
  void onTheProcessorAllNodesAreItsOwn() {
    KernelReport report =
        KernelReport.of(
            new TinyModels()
                .input("x", ElementType.FLOAT, 1, 4)
                .node("Sin", "s", List.of("x"), List.of("a"))
                .node("Cos", "c", List.of("a"), List.of("y"))
                .output("y", ElementType.FLOAT, 1, 4)
                .build(),
            Map.of("x", TensorBuffer.of(TinyModels.normal(1, 1, 1, 4))),
            SessionOptions.of(1));
    assertThat(report.providers())
        .isEqualTo(Map.of(ExecutionProvider.CPU, Map.of("Sin", 1, "Cos", 1)));
    assertThat(report.deviceCopies()).isZero();
  }
}
