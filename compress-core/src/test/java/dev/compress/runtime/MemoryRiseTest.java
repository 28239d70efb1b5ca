package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MemoryRiseTest {
  /** In a process of its own: what else happens in this one moves its memory too. */
  @Test
  void onlyTheRiseCountsAndNoEarlierPeak() {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "no system that tells");
    int bytes = 48 << 20;
    IsolatedResult<Long> result =
        IsolatedRun.run(
            IsolatedTasks.Rise.class, bytes, new IsolatedSettings(256, 120), Progress.NONE);
    if (result instanceof IsolatedResult.Finished<Long> finished) {
      assertThat(finished.value()).isBetween(bytes / 2L, 3L * bytes / 2);
    } else {
      fail(result.toString());
    }
  }
}
