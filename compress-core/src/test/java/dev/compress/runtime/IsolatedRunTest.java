package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.CancelledException;
import dev.compress.error.InvalidModelException;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.testing.SharedData;
import java.io.File;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IsolatedRunTest {
  private static final IsolatedSettings SMALL = new IsolatedSettings(64, 120);

  private static IsolatedResult<String> die(String how) {
    return IsolatedRun.run(IsolatedTasks.Die.class, how, SMALL, Progress.NONE);
  }

  @Test
  void workIsDoneInAnotherProcess() {
    IsolatedResult<String> result =
        IsolatedRun.run(IsolatedTasks.Echo.class, "höi \"quoted\"", SMALL, Progress.NONE);
    assertThat(result).isInstanceOf(IsolatedResult.Finished.class);
    String value = ((IsolatedResult.Finished<String>) result).value();
    assertThat(value)
        .endsWith(" höi \"quoted\"")
        .doesNotStartWith(ProcessHandle.current().pid() + " ");
  }

  @ParameterizedTest
  @CsvSource({
    "abort, SIGABRT",
    "kill, SIGKILL",
    "segfault, SIGSEGV",
    "exit, exit value 3",
    "memory, out of memory",
  })
  void aCrashIsAResult(String how, String described) {
    assumeTrue(File.separatorChar == '/' || !how.equals("kill"), "needs the command kill");
    IsolatedResult<String> result = die(how);
    assertThat(result).isInstanceOf(IsolatedResult.Crashed.class);
    assertThat(((IsolatedResult.Crashed<String>) result).how())
        .contains(described)
        .doesNotContain("\n");
  }

  @Test
  void whatTheTaskThrowsIsThrownHere() {
    assertThatThrownBy(() -> die("refuse"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("the model is bad");
    assertThatThrownBy(() -> die("bug"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("a bug here")
        .hasMessageContaining("IsolatedTasks");
  }

  @Test
  void whatTakesTooLongIsEnded() {
    long start = System.nanoTime();
    IsolatedResult<String> result =
        IsolatedRun.run(IsolatedTasks.Sleep.class, "", new IsolatedSettings(64, 1), Progress.NONE);
    assertThat(result).isEqualTo(new IsolatedResult.TimedOut<String>(1));
    assertThat(System.nanoTime() - start).isLessThan(60_000_000_000L);
  }

  @Test
  void cancellingEndsTheChildAndLeavesNothingBehind() {
    Set<String> before = temporaryFolders();
    long start = System.nanoTime();
    Progress stopSoon =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return System.nanoTime() - start > 500_000_000L;
          }
        };
    assertThatThrownBy(() -> IsolatedRun.run(IsolatedTasks.Sleep.class, "", SMALL, stopSoon))
        .isInstanceOf(CancelledException.class);
    assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
        .filteredOn(c -> c.info().commandLine().orElse("").contains("compress-child"))
        .isEmpty();
    assertThat(temporaryFolders()).isEqualTo(before);
  }

  private static Set<String> temporaryFolders() {
    String[] names =
        new File(System.getProperty("java.io.tmpdir"))
            .list((folder, name) -> name.startsWith("compress-child-"));
    return names == null ? Set.of() : java.util.Arrays.stream(names).collect(Collectors.toSet());
  }

  @Test
  void kernelsAreReportedFromThereAsFromHere() {
    Optional<Path> path = SharedData.model("kws-dscnn-qdq-int8/model.onnx");
    assumeTrue(path.isPresent(), SharedData.WHY_ABSENT);
    String file = path.orElseThrow().toAbsolutePath().toString();
    IsolatedResult<KernelReport> result =
        IsolatedRun.run(IsolatedTasks.Kernels.class, file, IsolatedSettings.DEFAULT, Progress.NONE);
    KernelReport there = ((IsolatedResult.Finished<KernelReport>) result).value();
    var model = OnnxReader.read(Path.of(file)).model();
    try (InferenceSession session = InferenceSession.open(Path.of(file), SessionOptions.of(1))) {
      KernelReport here = KernelReport.of(model, RandomInputs.thatRun(model, session).next(1), 1);
      assertThat(there.integerCounts()).isEqualTo(here.integerCounts());
      assertThat(there.floatCounts()).isEqualTo(here.floatCounts());
      assertThat(there.integerMacShare()).isEqualTo(here.integerMacShare()).isEqualTo(1);
    }
  }
}
