package dev.compress.timing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.SessionOptions;
import dev.compress.testing.SharedData;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SessionTimingTest {
  @Test
  void anUnoptimizedSessionIsSlowerThanAnOptimizedOne() {
    Optional<Path> path = SharedData.model("resnet8-cifar10-nhwc/model.onnx");
    assumeTrue(path.isPresent(), SharedData.WHY_ABSENT);
    SessionOptions options = SessionOptions.of(1);
    try (InferenceSession fast = InferenceSession.open(path.orElseThrow(), options);
        InferenceSession slow =
            InferenceSession.open(
                path.orElseThrow(), options.withOptimization(OptimizationLevel.NONE))) {
      RandomInputs random = RandomInputs.thatRun(OnnxReader.read(path.orElseThrow()).model(), fast);
      TimingResult result =
          SessionTiming.compare(
              fast, slow, random.next(1), TimingSettings.ofSeconds(1.5, 1), Progress.NONE);
      // The runtime's blocked layout and its fusions halve this model's time.
      assertThat(result.toFirst().get(0).isSlower()).isTrue();
      assertThat(result.latencies()).allSatisfy(l -> assertThat(l.runs()).isGreaterThan(20));
    }
  }
}
