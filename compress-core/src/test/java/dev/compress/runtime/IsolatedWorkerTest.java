package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.CancelledException;
import dev.compress.error.InvalidModelException;
import dev.compress.progress.Progress;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IsolatedWorkerTest {
  private static final IsolatedSettings SMALL = new IsolatedSettings(64, 120);

  private static IsolatedWorker<String, String> start(IsolatedSettings settings, Progress told) {
    return IsolatedWorker.start(IsolatedServices.Counter.class, settings, told);
  }

  private static String value(IsolatedResult<String> result) {
    assertThat(result).isInstanceOf(IsolatedResult.Finished.class);
    return ((IsolatedResult.Finished<String>) result).value();
  }

  @Test
  void keepsItsStateBetweenRequests() {
    try (IsolatedWorker<String, String> worker = start(SMALL, Progress.NONE)) {
      assertThat(value(worker.call("a"))).isEqualTo("1 a");
      assertThat(value(worker.call("print"))).isEqualTo("2 print");
      assertThatThrownBy(() -> worker.call("refuse"))
          .isInstanceOf(InvalidModelException.class)
          .hasMessage("the model is bad");
      assertThat(value(worker.call("b"))).isEqualTo("4 b");
      assertThat(worker.processId()).isNotEqualTo(ProcessHandle.current().pid());
      assertThat(worker.isDead()).isFalse();
      if (ProcessMemory.peakResidentBytes(ProcessHandle.current().pid()).isPresent()) {
        assertThat(worker.peakResidentBytes().orElseThrow()).isBetween(10L << 20, 1L << 30);
      }
    }
  }

  @Test
  void runsInTheSurroundingsItIsGiven() {
    IsolatedSettings elsewhere =
        SMALL.in(
            Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID", "COMPRESS_TEST", "with \"quotes\" \\"),
            Map.of("user.language", "xx", "compress.test", "a b\\c"));
    try (IsolatedWorker<String, String> worker = start(elsewhere, Progress.NONE)) {
      assertThat(value(worker.call("env CUDA_DEVICE_ORDER"))).isEqualTo("PCI_BUS_ID");
      assertThat(value(worker.call("env COMPRESS_TEST"))).isEqualTo("with \"quotes\" \\");
      assertThat(value(worker.call("env PATH"))).isEqualTo(System.getenv("PATH"));
      assertThat(value(worker.call("property compress.test"))).isEqualTo("a b\\c");
      assertThat(value(worker.call("property user.language"))).isEqualTo("xx");
    }
    assertThat(System.getenv("COMPRESS_TEST")).isNull();
  }

  @ParameterizedTest
  @CsvSource({"abort, SIGABRT", "segfault, SIGSEGV", "exit, exit value 3", "memory, out of memory"})
  void aCrashAnswersThisAndEveryLaterRequest(String how, String described) {
    try (IsolatedWorker<String, String> worker = start(SMALL, Progress.NONE);
        IsolatedWorker<String, String> other = start(SMALL, Progress.NONE)) {
      IsolatedResult<String> result = worker.call("die " + how);
      assertThat(result).isInstanceOf(IsolatedResult.Crashed.class);
      assertThat(((IsolatedResult.Crashed<String>) result).how()).contains(described);
      assertThat(worker.isDead()).isTrue();
      assertThat(worker.call("again")).isEqualTo(result);
      assertThat(value(other.call("alive"))).isEqualTo("1 alive");
    }
  }

  @Test
  void aRequestThatTakesTooLongEndsTheProcess() {
    try (IsolatedWorker<String, String> worker =
        start(new IsolatedSettings(64, 0.5), Progress.NONE)) {
      assertThat(worker.call("sleep")).isInstanceOf(IsolatedResult.TimedOut.class);
      assertThat(worker.call("a")).isInstanceOf(IsolatedResult.Crashed.class);
    }
  }

  @Test
  void cancellationEndsTheProcess() {
    AtomicBoolean stop = new AtomicBoolean();
    Progress cancellable =
        new Progress() {
          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return stop.get();
          }
        };
    try (IsolatedWorker<String, String> worker = start(SMALL, cancellable)) {
      long child = worker.processId();
      stop.set(true);
      assertThatThrownBy(() -> worker.call("sleep")).isInstanceOf(CancelledException.class);
      assertThat(ProcessHandle.of(child).map(ProcessHandle::isAlive).orElse(false)).isFalse();
    }
  }
}
