package dev.compress.prune.channels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.prepare.PreparePasses;
import dev.compress.progress.Progress;
import dev.compress.quantize.NodeFilter;
import dev.compress.tensor.Scratch;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every real model: what is left computes what the model computes with zeros in those places. */
class SharedModelsTest {
  private static final Set<String> NOTHING_TO_REMOVE =
      Set.of(
          "dtln-lstm", // its initial states are inputs
          "kws-dscnn-qdq-int8",
          "light-inception_v2", // the light ones compute their weights
          "light-resnet50",
          "light-shufflenet",
          "logistic-regression-skl",
          "silero-vad-if",
          "toy-loop",
          "toy-qdq-conv",
          "toy-sparse-conv");

  static Stream<Path> models() throws IOException {
    Path folder = SharedData.data().map(d -> d.resolve("models")).orElse(null);
    if (folder == null) {
      return Stream.of(Path.of("absent"));
    }
    try (Stream<Path> files = Files.walk(folder, 2)) {
      return files.filter(f -> f.toString().endsWith(".onnx")).sorted().toList().stream();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void removedEqualsZero(Path file) {
    assumeTrue(Files.exists(file), SharedData.WHY_ABSENT);
    String name = Objects.requireNonNull(file.getParent()).getFileName().toString();
    assumeTrue(!name.equals("custom-op-qonnx-kws"), "ONNX Runtime does not know its operator");
    OnnxModel model = OnnxReader.read(file).model();
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context = new PassContext(scratch, Progress.NONE, 1, 0);
      for (CompressionPass pass : PreparePasses.all(model.opset())) {
        model = pass.apply(model, context).model();
      }
      Equivalence.Outcome done =
          Equivalence.check(model, 0.5, 1, name.endsWith("fp16") ? 2e-2 : 2e-4);
      PruneChannels pass =
          new PruneChannels(0.5, ChannelTarget.MACS, Optional.empty(), true, 4, NodeFilter.ALL);
      if (!done.removed().isEmpty()) {
        assertThat(pass.apply(model, context).changes()).isNotEmpty();
      }
      assertThat(done.removed().isEmpty()).isEqualTo(NOTHING_TO_REMOVE.contains(name));
    }
  }
}
